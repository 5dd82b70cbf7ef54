"""Which faces a page may show: never one that is on the opt-out list, whenever it got there."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from facecaption_assets.shards.opt_out import OptOut


def first_shown(
    connection: duckdb.DuckDBPyConnection, opt_out: OptOut, query: str, faces: int
) -> list[str]:
    """Ids of the first faces of a query that may be shown, in its order.

    Args:
        connection: Views of the dataset.
        opt_out: Pictures and faces that must not be shown.
        query: SELECT of ``face_id``, in the order in which faces are wanted, without a limit.
        faces: Most faces.
    """
    # Only ids are drawn from; the wide columns are read for the faces that may be shown.
    statement = f"""
        WITH wanted AS (
            SELECT face_id, row_number() OVER () AS place FROM ({query} LIMIT $candidates)
        )
        SELECT wanted.face_id, crop, raw
        FROM wanted JOIN face_crops AS crop USING (face_id)
        LEFT JOIN raw_shards AS raw ON raw.key = crop.key
        ORDER BY place
    """
    candidates = faces
    while True:
        rows: pa.Table = connection.sql(
            statement, params={"candidates": candidates}
        ).to_arrow_table()
        shown = [
            row["face_id"]
            for row in rows.to_pylist()
            if not any(opt_out.covering_row(row[table] or {}) for table in ("crop", "raw"))
        ]
        if len(shown) >= faces or rows.num_rows < candidates:
            return shown[:faces]
        candidates *= 4
