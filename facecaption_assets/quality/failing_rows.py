"""Which rows broke a suite: their ids and what stands in them, for the page of a failed gate.

Works on a table in memory or on a view over the whole dataset. Verdicts belong to ``expectations``
and ``aggregates``; how the rows are shown to ``gate_page``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pyarrow as pa

from facecaption_assets.quality.advice import advice
from facecaption_assets.quality.expectation_sql import (
    Relation,
    condition,
    describe,
    quoted,
)
from facecaption_assets.quality.expectations import Expectation, SuiteResult

#: Most rows that are shown of an expectation.
MAX_ROWS: Final = 200

#: What names a row, as far as a table has it.
_IDS: Final = ("face_id", "key", "caption_index")

#: Longest value that is shown whole, characters.
_MAX_LENGTH: Final = 500


@dataclass(frozen=True)
class FailedExpectation:
    """An expectation that does not hold, and rows that broke it.

    Attributes:
        expectation: Great Expectations' name of it.
        severity: ``critical`` or ``warning``.
        limit: Its arguments, in words.
        advice: What to change.
        broken: How many rows broke it.
        columns: What is shown of a row: ids, then what was looked at.
        rows: At most ``MAX_ROWS`` of them, in the order of their ids.
    """

    expectation: str
    severity: str
    limit: str
    advice: str
    broken: int
    columns: list[str]
    rows: list[tuple[str, ...]]


def failing_rows(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    suite: Sequence[Expectation],
    result: SuiteResult,
) -> list[FailedExpectation]:
    """Rows of a table or view that broke the expectations that do not hold.

    Args:
        connection: Where the relation is.
        name: Of the relation.
        suite: What must hold.
        result: What became of it.
    """
    relation = describe(connection, name)
    failed = {(row.expectation, row.column) for row in result.rows if not row.passed}
    return [
        found
        for rule in suite
        if (f"expect_{rule.type}", ", ".join(rule.columns)) in failed
        for found in _look(connection, relation, rule)
    ]


def failing_rows_of_table(
    table: pa.Table, suite: Sequence[Expectation], result: SuiteResult
) -> list[FailedExpectation]:
    """As ``failing_rows``, of a table in memory."""
    with duckdb.connect() as connection:
        connection.register("held", table)
        return failing_rows(connection, "held", suite, result)


def _look(
    connection: duckdb.DuckDBPyConnection, relation: Relation, rule: Expectation
) -> Iterator[FailedExpectation]:
    """The rows; nothing if there are none, because another rule on the same column failed."""
    broken = condition(rule, relation).broken
    ids = [column for column in _IDS if column in relation.types]
    columns = list(dict.fromkeys([*ids, *rule.columns]))
    where = f"FROM {relation.name} WHERE {broken}"
    count = connection.execute(f"SELECT count(*) {where}").fetchall()[0][0]
    if not count:
        return
    names = ", ".join(quoted(column) for column in columns)
    order = ", ".join(quoted(column) for column in ids) or "ALL"
    rows = connection.execute(f"SELECT {names} {where} ORDER BY {order} LIMIT {MAX_ROWS}")
    yield FailedExpectation(
        expectation=f"expect_{rule.type}",
        severity=rule.severity,
        limit=_limit(rule),
        advice=advice(rule),
        broken=count,
        columns=columns,
        rows=[tuple(_shown(value) for value in row) for row in rows.fetchall()],
    )


def _limit(rule: Expectation) -> str:
    places = ("column", "column_A", "column_B", "column_list", "ignore_row_if")
    said = [f"{name} {value}" for name, value in rule.arguments.items() if name not in places]
    return ", ".join(said)


def _shown(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else repr(value)
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"
