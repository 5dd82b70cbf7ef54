"""Faces for the gallery: which are shown, and all that is known of each.

Faces on the opt-out list are never shown, whenever they were put on it. Pictures belong to
``thumbnails``, the page to ``report``.
"""

from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.shards.opt_out import OptOut

#: Only ids are drawn from; the wide columns are read for the faces that may be shown.
_CANDIDATES = """
    WITH kept AS (
        SELECT face_id, key, regexp_replace(key, '-[0-9]+$', '') AS shard, sha256(face_id) AS lot
        FROM face_crops WHERE status = 'kept'
    ), drawn AS (
        SELECT *, row_number() OVER (PARTITION BY shard ORDER BY lot) AS turn FROM kept
        ORDER BY turn, lot LIMIT $candidates
    )
    SELECT drawn.face_id, drawn.shard, crop, raw
    FROM drawn JOIN face_crops AS crop USING (face_id)
    LEFT JOIN raw_shards AS raw ON raw.key = drawn.key
    ORDER BY turn, lot
"""

_CAPTIONS = """
    SELECT face_id, caption_index, template.caption AS template, llm.status,
           llm.caption AS rewritten, llm.rejected_caption, llm.rejection_reason
    FROM drawn JOIN template_captions AS template USING (face_id)
    LEFT JOIN llm_captions AS llm USING (face_id, caption_index)
    ORDER BY face_id, caption_index
"""


@dataclass(frozen=True)
class CaptionPair:
    """A template caption and what became of it.

    Attributes:
        template: The grammar's sentence; None where the face has nothing to say.
        status: Status of the rewriting; None where it has not run.
        rewritten: The final caption.
        rejected: The model's rejected text, where it was repaired or fell back.
        reason: Why that was rejected.
    """

    template: str | None
    status: str | None
    rewritten: str | None
    rejected: str | None
    reason: str | None


@dataclass(frozen=True)
class Card:
    """One face of the gallery.

    Attributes:
        face_id: The face.
        shard: Its shard.
        sha256: Of the crop's bytes, hex.
        width: Crop, px.
        height: Crop, px.
        det_score: Detector's confidence, [0, 1].
        alt_text: Text that came with the picture, as found.
        status: Status of its attributes; None where they are not built.
        positive: Its positive attributes.
        captions: Its captions.
    """

    face_id: str
    shard: str
    sha256: str
    width: int
    height: int
    det_score: float
    alt_text: str | None
    status: str | None
    positive: list[str]
    captions: list[CaptionPair] = field(default_factory=list)

    @property
    def statuses(self) -> list[str]:
        """What the face can be filtered by: its captions' fates, else its attributes'."""
        fates = {pair.status for pair in self.captions if pair.status}
        return sorted(fates) or [self.status or "not_labelled"]


def draw_cards(connection: duckdb.DuckDBPyConnection, opt_out: OptOut, faces: int) -> list[Card]:
    """Cards of faces drawn evenly from all shards, the same ones every time.

    Args:
        connection: Views of the dataset.
        opt_out: Pictures and faces that must not be shown.
        faces: Most cards.
    """
    connection.register("drawn", _draw(connection, opt_out, faces))
    captions: dict[str, list[CaptionPair]] = {}
    for face_id, _, template, status, rewritten, rejected, reason in connection.execute(
        _CAPTIONS
    ).fetchall():
        pair = CaptionPair(template, status, rewritten, rejected, reason)
        captions.setdefault(face_id, []).append(pair)
    states = ", ".join(f'attributes."{name}"' for name in ATTRIBUTES)
    rows: pa.Table = connection.sql(
        "SELECT drawn.face_id, shard, crop.sha256, width, height, det_score, alt_text, "
        f"attributes.status, {states} FROM drawn JOIN face_crops AS crop USING (face_id) "
        "LEFT JOIN face_attributes AS attributes USING (face_id) "
        "ORDER BY crop.key, len(drawn.face_id), drawn.face_id"
    ).to_arrow_table()
    return [_card(row, captions) for row in rows.to_pylist()]


def _draw(connection: duckdb.DuckDBPyConnection, opt_out: OptOut, faces: int) -> pa.Table:
    """face_id and shard of the faces that are shown: the first that are not on the list."""
    candidates = faces
    while True:
        drawn = connection.sql(_CANDIDATES, params={"candidates": candidates}).to_arrow_table()
        shown = [
            not any(opt_out.covering_row(row[table] or {}) for table in ("crop", "raw"))
            for row in drawn.to_pylist()
        ]
        if sum(shown) >= faces or len(shown) < candidates:
            return drawn.filter(pa.array(shown, pa.bool_())).select(["face_id", "shard"])[:faces]
        candidates *= 4


def _card(row: dict[str, Any], captions: dict[str, list[CaptionPair]]) -> Card:
    positive = [name for name in ATTRIBUTES if row.pop(name)]
    return Card(**row, positive=positive, captions=captions.get(row["face_id"], []))
