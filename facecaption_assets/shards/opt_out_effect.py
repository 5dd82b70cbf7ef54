"""Committed partitions that the opt-out list, as it is now, does not agree with.

Either a row is kept that an entry covers, or one was left out that none covers any more, because
an entry was a mistake and has been taken back.
"""

from collections.abc import Mapping
from typing import Any, Final

from facecaption_assets.provenance import Provenance
from facecaption_assets.shards.laion_part import WITHOUT_URL
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.storage import Storage

#: Asset → the status of a row that is kept. Later assets follow from these.
_KEPT_STATUS: Final[Mapping[str, str]] = {
    "laion_face_metadata": "kept",
    "shard_plan": "planned",
    "raw_shards": "success",
    "face_crops": "kept",
}

#: Assets whose left-out rows still say what they were, so that it is known when they may return.
_RETURNING: Final = frozenset(_KEPT_STATUS) - {"laion_face_metadata"} | {
    "image_scores",
    "face_attributes",
    "template_captions",
    "synthetic_captions",
    "llm_captions",
    "image_text_scores",
}

_COLUMNS: Final = (
    *("key", "face_id", "url", "final_url", "metadata", "sha256", "phash"),
    *("status", "drop_reason"),
)


def why_outdated(storage: Storage, opt_out: OptOut, provenance: Provenance) -> str:
    """Why the list makes a committed partition stale; empty if it does not."""
    asset = provenance.asset
    may_return = asset in _RETURNING and provenance.counts.get("opted_out", 0) > 0
    may_go = bool(opt_out) and asset in _KEPT_STATUS
    if not may_go and not may_return:
        return ""
    for batch in storage.read_batches(asset, provenance.partition, _COLUMNS):
        for row in batch.to_pylist():
            if reason := _why(asset, row, opt_out):
                return reason
    return ""


def _why(asset: str, row: Mapping[str, Any], opt_out: OptOut) -> str:
    if row["status"] == _KEPT_STATUS.get(asset):
        kind = opt_out.covering_row(row)
        return f"the opt-out list covers rows that are kept, by {kind}" if kind else ""
    is_left_out = "opted_out" in (row["status"], row.get("drop_reason"))
    # What the source itself left out returns with the source's own rows.
    if is_left_out and (row.get("url") or "").startswith(WITHOUT_URL):
        return ""
    if is_left_out and asset in _RETURNING and opt_out.covering_row(row) is None:
        return "rows were left out that are no longer on the opt-out list"
    return ""
