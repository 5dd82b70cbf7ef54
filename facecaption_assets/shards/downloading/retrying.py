"""Which URLs are worth another try.

Never what is gone or was refused for good; what our own settings refused, only once these have
changed; the rest until ``max_attempts``.
"""

from functools import cache
from typing import Final

import pyarrow as pa

from facecaption_assets.schema import RAW_SHARDS
from facecaption_assets.shards.downloading.ledger import Record
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.planning import is_downloadable
from facecaption_assets.storage import Storage

#: Gone, or asked not to be used.
FINAL: Final = frozenset({"missing", "bad_url", "opted_out"})

#: Said by robots.txt or ``X-Robots-Tag``: final for as long as these are respected.
RESERVED: Final = frozenset({"robots_disallowed", "robots_tag"})

#: Decided here, from the answer and the settings: the same settings would decide alike.
JUDGED: Final = frozenset(
    {
        "not_an_image",
        "unsupported_format",
        "too_large",
        "content_encoded",
        "bad_redirect",
        "address_refused",
        "undecodable",
    }
)


def worth_another_try(record: Record, settings: DownloadSettings, identity: str) -> bool:
    """Whether a URL that gave no picture may give one when asked again.

    Args:
        record: What became of it.
        settings: Present settings.
        identity: Identity of the present decisive settings.
    """
    if record.is_success or record.status in FINAL:
        return False
    if record.status in RESERVED:
        return not settings.respect_robots
    if record.settings != identity:
        return True
    return record.status not in JUDGED and record.attempts < settings.max_attempts


def rows_worth_another_try(
    ledger: pa.Table, settings: DownloadSettings, *, settings_changed: bool
) -> pa.Table:
    """Rows of a RAW_SHARDS table that materializing the shard again would ask for again."""
    then = "then" if settings_changed else "now"

    @cache
    def is_worth_it(status: str, attempts: int | None) -> bool:
        record = Record("", "", status, then, fields={"attempts": attempts})
        return worth_another_try(record, settings, "now")

    ends = zip(ledger["status"].to_pylist(), ledger["attempts"].to_pylist(), strict=True)
    return ledger.filter(pa.array([is_worth_it(*end) for end in ends], pa.bool_()))


def retryable_rows(
    storage: Storage, shard: str, settings: DownloadSettings, code_version: str
) -> pa.Table:
    """Rows of a shard's committed ledger that materializing ``raw_shards`` would ask for again.

    Empty where the shard is not built, or its pictures are not behind URLs.

    Args:
        storage: Data root.
        shard: Partition key.
        settings: Present settings.
        code_version: Present code version of ``raw_shards``.
    """
    provenance = storage.read_provenance("raw_shards", shard)
    # The counts by status, which are read at once, settle it for many a shard.
    if provenance is None or not provenance.counts.keys() - FINAL - {"success"}:
        return RAW_SHARDS.arrow.empty_table()
    ledger = storage.read_table("raw_shards", shard)
    if not is_downloadable(ledger):
        return ledger.slice(0, 0)
    changed = provenance.code_version != code_version
    return rows_worth_another_try(ledger, settings, settings_changed=changed)
