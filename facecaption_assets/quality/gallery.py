"""Faces for the gallery: which are shown, and all that is known of each.

Faces on the opt-out list are never shown, whenever they were put on it. Pictures belong to
``thumbnails``, the page to ``gallery_page``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import duckdb
import pyarrow as pa

from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.quality.face_measures import FACE_MEASURES, MEASURED_FACES
from facecaption_assets.quality.shown_faces import first_shown
from facecaption_assets.shards.opt_out import OptOut

#: Kept faces, in turns over the shards; a key is ``{source}-{index}-{row}``.
_EVENLY: Final = r"""
    SELECT face_id FROM (
        SELECT face_id, sha256(face_id) AS lot, row_number() OVER (
            PARTITION BY regexp_replace(key, '-\d+$', '') ORDER BY sha256(face_id)
        ) AS turn
        FROM face_crops WHERE status = 'kept'
    ) ORDER BY turn, lot
"""

_CAPTIONS: Final = """
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
        scores: One per entry of FACE_MEASURES; None where it is not known.
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
    scores: list[float | None]
    alt_text: str | None
    status: str | None
    positive: list[str]
    captions: list[CaptionPair] = field(default_factory=list)

    @property
    def source(self) -> str:
        """Source of its picture."""
        return self.shard.rpartition("-")[0]

    @property
    def fates(self) -> list[str]:
        """What the face can be filtered by: its captions' statuses, each also with the reason.

        Where it has no captions, the status of its attributes.
        """
        fates = {pair.status for pair in self.captions if pair.status}
        fates |= {
            f"{pair.status}: {pair.reason.partition(':')[0]}"
            for pair in self.captions
            if pair.status and pair.reason
        }
        return sorted(fates) or [self.status or "not_labelled"]


def draw_cards(
    connection: duckdb.DuckDBPyConnection,
    opt_out: OptOut,
    faces: int,
    also: Sequence[str] = (),
) -> list[Card]:
    """Cards of faces drawn evenly from all shards, the same ones every time.

    Args:
        connection: Views of the dataset.
        opt_out: Pictures and faces that must not be shown.
        faces: Most cards.
        also: Ids of further faces, which may be shown.
    """
    ids = dict.fromkeys([*first_shown(connection, opt_out, _EVENLY, faces), *also])
    connection.register("drawn", pa.table({"face_id": pa.array(ids, pa.string())}))
    captions: dict[str, list[CaptionPair]] = {}
    for face_id, _, *pair in connection.execute(_CAPTIONS).fetchall():
        captions.setdefault(face_id, []).append(CaptionPair(*pair))
    states = ", ".join(f'attributes."{name}"' for name in ATTRIBUTES)
    scores = ", ".join(f"({measure.expression})::DOUBLE" for measure in FACE_MEASURES)
    rows: pa.Table = connection.sql(
        r"SELECT crop.face_id, regexp_replace(crop.key, '-\d+$', '') AS shard, crop.sha256, "
        f"crop.width, crop.height, [{scores}] AS scores, crop.alt_text, attributes.status, "
        f"{states} FROM {MEASURED_FACES} SEMI JOIN drawn USING (face_id) "
        "LEFT JOIN face_attributes AS attributes USING (face_id) "
        "ORDER BY crop.key, len(crop.face_id), crop.face_id"
    ).to_arrow_table()
    return [_card(row, captions) for row in rows.to_pylist()]


def _card(row: dict[str, Any], captions: dict[str, list[CaptionPair]]) -> Card:
    positive = [name for name in ATTRIBUTES if row.pop(name)]
    return Card(**row, positive=positive, captions=captions.get(row["face_id"], []))
