"""Which captions people review: drawn by lot, evenly from caption sources and predicted sexes.

The same faces are drawn for every source that has captions of them, so that sources are compared
on equal faces. A face that is a copy of another is not drawn; neither is one on the opt-out list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import duckdb

from facecaption_assets.quality.people.groups import AGE_SQL, SEX_SQL
from facecaption_assets.quality.reviewing.review_key import ReviewItem, Stratum
from facecaption_assets.schema import ATTRIBUTE_COLUMNS
from facecaption_assets.shards.opt_out import OptOut

#: Captions by source, in the order of the report.
_QUERIES: Final[dict[str, str]] = {
    "alt_text": (
        "SELECT face_id, 0 AS caption_index, alt_text AS caption, 'as found' AS status, "
        "[]::VARCHAR[] AS named FROM face_crops WHERE trim(alt_text) <> ''"
    ),
    "template": (
        "SELECT face_id, caption_index, caption, status, attributes AS named "
        "FROM template_captions WHERE status = 'captioned'"
    ),
    "llm": (
        "SELECT face_id, caption_index, caption, status, attributes AS named "
        "FROM llm_captions WHERE status IN ('accepted', 'repaired', 'fell_back')"
    ),
    "synthetic": (
        "SELECT face_id, caption_index, caption, status, []::VARCHAR[] AS named "
        "FROM synthetic_captions WHERE status = 'captioned'"
    ),
}

#: Names that may be asked for.
SOURCES: Final = tuple(_QUERIES)

_FACES: Final = f"""
    CREATE OR REPLACE TEMP VIEW reviewable_faces AS
    SELECT crops.face_id, crops.key, crops.sha256,
           {SEX_SQL} AS predicted_sex,
           {AGE_SQL} AS predicted_age
    FROM face_crops AS crops LEFT JOIN face_attributes AS labels USING (face_id)
    WHERE crops.status = 'kept'
      AND NOT EXISTS (FROM duplicate_faces AS copy
                      WHERE copy.face_id = crops.face_id AND NOT copy.is_kept)
"""

#: Lots are numbers of a hash, so that they do not depend on how the dataset is cut or stored.
_LOTS: Final = """
    CREATE OR REPLACE TEMP VIEW review_lots AS
    SELECT source, predicted_sex, face_id, caption_index,
           md5_number_lower(concat_ws('/', '{seed}', face_id)) AS face_lot,
           md5_number_lower(concat_ws('/', '{seed}', face_id, caption_index)) AS caption_lot
    FROM review_captions JOIN reviewable_faces USING (face_id)
"""

#: Counts faces, a face with several captions once.
_STRATA: Final = """
    SELECT source, predicted_sex, count(DISTINCT face_lot)
    FROM review_lots GROUP BY ALL ORDER BY ALL
"""

#: The first of each stratum by lot, one caption of a face. A turn holds a face of each stratum.
_DRAWN: Final = """
    WITH first AS (
        FROM review_lots QUALIFY row_number() OVER (
            PARTITION BY source, predicted_sex ORDER BY face_lot, caption_lot
        ) <= {limit}
    ), single AS (
        FROM first QUALIFY row_number() OVER (
            PARTITION BY source, face_id ORDER BY caption_lot, caption_index
        ) = 1
    )
    SELECT source, face_id, regexp_replace(faces.key, '-[0-9]+$', '') AS shard, faces.sha256,
           caption, status, named, predicted_sex, predicted_age
    FROM single JOIN review_captions USING (source, face_id, caption_index)
    JOIN reviewable_faces AS faces USING (face_id, predicted_sex)
    ORDER BY row_number() OVER (PARTITION BY source, predicted_sex ORDER BY face_lot, face_id),
             face_lot, face_id, source
"""

_IDENTITIES: Final = """
    SELECT crop, raw FROM face_crops AS crop LEFT JOIN raw_shards AS raw ON raw.key = crop.key
    WHERE crop.status = 'kept' AND crop.face_id IN (SELECT unnest($faces::VARCHAR[]))
"""


class NothingToReview(LookupError):
    """A source has no caption that could be shown."""


def draw_items(
    connection: duckdb.DuckDBPyConnection,
    opt_out: OptOut,
    sources: Sequence[str],
    sample: int,
    seed: int,
) -> tuple[list[ReviewItem], list[Stratum]]:
    """Captions to review in an order by lot, and how many faces each stratum has.

    Where sources say the same of a face, that is one item.

    Args:
        connection: Views of the dataset.
        opt_out: Pictures and faces that must not be shown.
        sources: Some of SOURCES.
        sample: Most items.
        seed: Another one draws others; the same one the same.

    Raises:
        NothingToReview: If a source has no caption.
    """
    union = " UNION ALL ".join(
        f"SELECT '{name}' AS source, * FROM ({_QUERIES[name]})" for name in sources
    )
    connection.execute(f"CREATE OR REPLACE TEMP VIEW review_captions AS {union}")
    connection.execute(_FACES)
    connection.execute(_LOTS.format(seed=int(seed)))
    strata = _count_strata(connection, sources)
    if missing := [name for name in sources if name not in {s.source for s in strata}]:
        raise NothingToReview(f"there are no captions of {', '.join(missing)} to review")
    items = _draw(connection, opt_out, sample, sum(stratum.faces for stratum in strata))
    items.sort(key=lambda item: _digest(str(seed), item.id))
    return items, strata


def still_shown(
    connection: duckdb.DuckDBPyConnection, opt_out: OptOut, faces: Collection[str]
) -> set[str]:
    """Those of the faces that the dataset keeps and the opt-out list does not cover."""
    found = connection.sql(_IDENTITIES, params={"faces": sorted(faces)}).to_arrow_table()
    return {
        row["crop"]["face_id"]
        for row in found.to_pylist()
        if not any(opt_out.covering_row(row[table] or {}) for table in ("crop", "raw"))
    }


def _count_strata(connection: duckdb.DuckDBPyConnection, sources: Sequence[str]) -> list[Stratum]:
    strata = [Stratum(*row) for row in connection.execute(_STRATA).fetchall()]
    return sorted(strata, key=lambda stratum: sources.index(stratum.source))


def _draw(
    connection: duckdb.DuckDBPyConnection, opt_out: OptOut, sample: int, faces: int
) -> list[ReviewItem]:
    """The first items whose faces may be shown; more are looked at where some may not.

    Args:
        connection: With the views of the lots.
        opt_out: Pictures and faces that must not be shown.
        sample: Most items.
        faces: Of all strata together; when so many were looked at, there are no more.
    """
    limit = 2 * sample
    while True:
        rows = connection.sql(_DRAWN.format(limit=limit)).to_arrow_table().to_pylist()
        shown = still_shown(connection, opt_out, {row["face_id"] for row in rows})
        items = _merge((row for row in rows if row["face_id"] in shown), sample)
        if len(items) == sample or len(rows) >= faces:
            return items
        limit *= 4


def _merge(rows: Iterable[dict[str, Any]], sample: int) -> list[ReviewItem]:
    """Items of rows in the order of their turns, equal texts about a face as one."""
    merged: dict[str, dict[str, Any]] = {}
    for row in rows:
        source, status = row.pop("source"), row.pop("status")
        id_ = _digest(row["face_id"], row["caption"])[:12]
        if id_ not in merged and len(merged) == sample:
            break
        item = merged.setdefault(id_, row | {"id": id_, "sources": [], "statuses": []})
        item["sources"].append(source)
        item["statuses"].append(status)
        named = {*item["named"], *row["named"]}
        item["named"] = [name for name in ATTRIBUTE_COLUMNS if name in named]
    return [ReviewItem(**item) for item in merged.values()]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
