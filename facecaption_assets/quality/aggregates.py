"""A whole table held against a suite by counting in DuckDB: one scan, memory that does not grow.

The verdicts are those that Great Expectations gives on the same rows, some ten times sooner. A
shard is held against the same suite by ``expectations.validate``; how an expectation reads in SQL
belongs to ``expectation_sql``; which rows broke it to ``failing_rows``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import duckdb

from facecaption_assets.quality.expectation_sql import (
    Condition,
    Relation,
    condition,
    describe,
    quoted,
    unique_columns,
)
from facecaption_assets.quality.expectations import Expectation, ExpectationRow, SuiteResult

#: Values that broke an expectation that are quoted.
_QUOTED: Final = 5


def validate_relation(
    connection: duckdb.DuckDBPyConnection, name: str, expectations: Sequence[Expectation]
) -> SuiteResult:
    """Hold a table or view against a suite; an empty one passes.

    Args:
        connection: Where the relation is.
        name: Of the relation.
        expectations: What must hold.

    Raises:
        ValueError: If the relation lacks a column that the suite names, or an expectation has no
            SQL.
    """
    relation = describe(connection, name)
    conditions = [condition(e, relation) for e in expectations]
    broken = _count_broken(connection, relation, expectations, conditions)
    rows = [
        _row(connection, relation, *rule)
        for rule in zip(expectations, conditions, broken, strict=True)
    ]
    failed = [row for row in rows if not row.passed]
    critical = any(row.severity == "critical" for row in failed)
    return SuiteResult(passed=not failed, has_critical_failure=critical, rows=rows)


def _count_broken(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    expectations: Sequence[Expectation],
    conditions: Sequence[Condition],
) -> list[int]:
    """Rows that break each expectation."""
    counts = [
        _count_repeated(rule, unique)
        if (unique := unique_columns(e))
        else f"count_if({rule.broken})"
        for e, rule in zip(expectations, conditions, strict=True)
    ]
    if not counts:
        return []
    found = connection.execute(f"SELECT {', '.join(counts)} FROM {relation.name}").fetchall()[0]
    return [
        _count(connection, relation, rule.broken) if count and unique_columns(e) else count
        for e, rule, count in zip(expectations, conditions, found, strict=True)
    ]


def _count_repeated(rule: Condition, columns: Sequence[str]) -> str:
    """Rows less different hashes: zero if nothing is repeated; else values must be compared."""
    names = ", ".join(quoted(column) for column in columns)
    considered = f"FILTER ({rule.considered})"
    return f"count(*) {considered} - count(DISTINCT hash({names})) {considered}"


def _row(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    expectation: Expectation,
    rule: Condition,
    broken: int,
) -> ExpectationRow:
    passed, observed, percent = True, "", 0.0
    if broken:
        considered = _count(connection, relation, rule.considered)
        # As Great Expectations reckons: a share at the limit may fall on either side of it.
        passed = float(considered - broken) / float(considered) >= expectation.mostly
        percent = 100 * broken / considered
    if not passed:
        values = _broken_values(connection, relation, expectation, rule)
        observed = f"{broken} of {considered} rows: {values}"
    return ExpectationRow(
        expectation=f"expect_{expectation.type}",
        column=", ".join(expectation.columns),
        severity=expectation.severity,
        passed=passed,
        observed=observed,
        unexpected_percent=percent,
    )


def _count(connection: duckdb.DuckDBPyConnection, relation: Relation, where: str) -> int:
    query = f"SELECT count(*) FROM {relation.name} WHERE {where}"
    return int(connection.execute(query).fetchall()[0][0])


def _broken_values(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    expectation: Expectation,
    rule: Condition,
) -> str:
    names = ", ".join(quoted(column) for column in expectation.columns)
    values = connection.execute(
        f"SELECT DISTINCT {names} FROM {relation.name} "
        f"WHERE {rule.broken} ORDER BY ALL LIMIT {_QUOTED}"
    ).fetchall()
    return ", ".join(str(v[0] if len(v) == 1 else v)[:100] for v in values)
