"""Rules over the whole dataset, which no check of a single shard can see; as DuckDB SQL.

Ids are unique over all shards; each row stems from a row that the stage before has kept; none of
those is lost on the way from the plan to the final captions; a picture has one split group; no
number is NaN or infinite. A stage that a shard has not reached yet loses nothing. What columns
must look like belongs to ``expectations``; copies of faces to ``duplicate_gates``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import duckdb
import pyarrow as pa

from facecaption_assets.quality.expectation_sql import literal, quoted
from facecaption_assets.quality.gates import Outcome
from facecaption_assets.schema import TABLES
from facecaption_assets.storage import Storage

_CAPTION: Final = ("face_id", "caption_index")

#: What names a row of a table; a table that is not here has no ids.
IDS: Final[Mapping[str, tuple[str, ...]]] = {
    "shard_plan": ("key",),
    "raw_shards": ("key",),
    "face_crops": ("face_id",),
    "face_attributes": ("face_id",),
    "template_captions": _CAPTION,
    "synthetic_captions": _CAPTION,
    "llm_captions": _CAPTION,
    "image_scores": ("face_id",),
    "image_text_scores": ("face_id", "caption_source", "caption_index"),
}


@dataclass(frozen=True)
class Edge:
    """A stage's rows, and the rows of the stage before that they stem from."""

    child: str
    parent: str
    ids: tuple[str, ...]
    kept: str


#: From the plan to the final captions.
CHAIN: Final = (
    Edge("raw_shards", "shard_plan", ("key",), "true"),
    Edge("face_crops", "raw_shards", ("key",), "status = 'success'"),
    Edge("face_attributes", "face_crops", ("face_id",), "status = 'kept'"),
    Edge("template_captions", "face_attributes", ("face_id",), "status = 'labelled'"),
    Edge("synthetic_captions", "face_crops", ("face_id",), "status = 'kept'"),
    Edge("image_scores", "face_crops", ("face_id",), "status = 'kept'"),
    Edge("llm_captions", "template_captions", _CAPTION, "status = 'captioned'"),
)


@dataclass(frozen=True)
class Fault:
    """Rows of a table that break a rule.

    Attributes:
        table: Which.
        what: What is wrong with them.
        rows: How many they are.
        example: Id of one, or a column's name.
    """

    table: str
    what: str
    rows: int
    example: str


def ids_unique(connection: duckdb.DuckDBPyConnection) -> list[Fault]:
    """No id occurs twice in a table, whatever shards it is in."""
    faults = []
    for table, columns in IDS.items():
        ids = ", ".join(quoted(column) for column in columns)
        repeated = (
            f"SELECT {ids}, count(*) AS rows FROM {table} WHERE {quoted(columns[0])} IS NOT NULL "
            f"GROUP BY {ids} HAVING count(*) > 1"
        )
        faults += _faults(connection, table, "have an id that occurs more than once", repeated)
    return faults


def references_intact(connection: duckdb.DuckDBPyConnection) -> list[Fault]:
    """Every row stems from a row that the stage before has kept."""
    faults = []
    for edge in CHAIN:
        ids = ", ".join(edge.ids)
        orphans = (
            f"SELECT {ids}, 1 AS rows FROM {edge.child} "
            f"ANTI JOIN (SELECT {ids} FROM {edge.parent} WHERE {edge.kept}) USING ({ids})"
        )
        what = f"belong to nothing that {edge.parent} has kept"
        faults += _faults(connection, edge.child, what, orphans)
    return faults


def rows_conserved(connection: duckdb.DuckDBPyConnection, storage: Storage) -> list[Fault]:
    """What a stage has kept has a row in the next one, in every shard that this was built of."""
    faults = []
    for edge in CHAIN:
        built = ", ".join(literal(shard) for shard in storage.partitions(edge.child))
        if not built:
            continue
        ids = ", ".join(edge.ids)
        lost = (
            f"SELECT {ids}, 1 AS rows FROM (FROM {edge.parent} WHERE {edge.kept} "
            f"AND regexp_replace(key, '-[0-9]+$', '') IN ({built})) "
            f"ANTI JOIN {edge.child} USING ({ids})"
        )
        faults += _faults(connection, edge.parent, f"have no row in {edge.child}", lost)
    return faults


def split_groups_agree(connection: duckdb.DuckDBPyConnection) -> list[Fault]:
    """A picture has the split group of the plan at every stage, so no split shares a person."""
    faults = []
    for edge in CHAIN:
        moved = (
            f"SELECT key, 1 AS rows FROM {edge.child} JOIN "
            "(SELECT key, split_group AS planned FROM shard_plan) USING (key) "
            "WHERE split_group IS DISTINCT FROM planned"
        )
        faults += _faults(connection, edge.child, "have another split group than planned", moved)
    return faults


def numbers_finite(connection: duckdb.DuckDBPyConnection) -> list[Fault]:
    """No number is NaN or infinite; Great Expectations takes a NaN for a missing one."""
    faults = []
    for table, schema in TABLES.items():
        names = [c.name for c in schema.columns if pa.types.is_floating(c.type)]
        if not names:
            continue
        counts = ", ".join(f"count_if(NOT isfinite({quoted(name)}))" for name in names)
        found = connection.execute(f"SELECT {counts} FROM {table}").fetchall()[0]
        faults += [
            Fault(table, "are NaN or infinite", count, name)
            for name, count in zip(names, found, strict=True)
            if count
        ]
    return faults


def versions_agree(storage: Storage) -> list[Fault]:
    """All shards of a table were made by the same code and settings."""
    faults = []
    for table in TABLES:
        by_version: dict[str, list[str]] = {}
        for shard in storage.partitions(table):
            version = storage.require_built(table, shard).code_version
            by_version.setdefault(version, []).append(shard)
        if len(by_version) > 1:
            rare = min(by_version.values(), key=len)
            what = f"of {sum(map(len, by_version.values()))} shards have the rarest of "
            what += f"{len(by_version)} code versions"
            faults.append(Fault(table, what, len(rare), rare[0]))
    return faults


def judge(faults: Iterable[Fault], good: str) -> Outcome:
    """A check's outcome from the faults that were found.

    Args:
        faults: What a rule of this module returned.
        good: What to say where there are none.
    """
    found = list(faults)
    said = [f"{fault.table}: {fault.rows} {fault.what}, such as {fault.example}" for fault in found]
    numbers: dict[str, int | float] = {"rows_at_fault": sum(fault.rows for fault in found)}
    return Outcome(not found, "; ".join(said) + "." if said else good, numbers)


def _faults(
    connection: duckdb.DuckDBPyConnection, table: str, what: str, query: str
) -> list[Fault]:
    """None or one fault, from a query of ids and ``rows``."""
    rows, example = connection.execute(
        f"SELECT coalesce(sum(rows), 0)::BIGINT, min(COLUMNS(* EXCLUDE rows)) FROM ({query})"
    ).fetchall()[0][:2]
    return [Fault(table, what, rows, str(example))] if rows else []
