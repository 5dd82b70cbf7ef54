"""Expectations as SQL conditions on rows, for DuckDB.

The suites stay Great Expectations'; this says the same of a table that is too long for it. What is
missing, what is counted and when a share suffices follow its engine for pandas: a NaN is missing.
What is done with the conditions belongs to ``aggregates`` and ``failing_rows``.

Source: great_expectations 1.24, ``expectations/metrics/*_map_metrics``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import duckdb

from facecaption_assets.quality.expectations import Expectation

#: Name in SQL of Python's ``re.search``; ``describe`` makes it known to a connection.
SEARCH: Final = "python_search"

#: Characters of ASCII that Python's patterns take for white space or an end of line, and DuckDB's
#: do not. Beyond ASCII, white space, digits and letters differ as well.
_READ_OTHERWISE: Final = (10, 11, 28, 29, 30, 31)

_FLOATS: Final = ("FLOAT", "DOUBLE")


@dataclass(frozen=True)
class Condition:
    """What an expectation says of a row.

    Attributes:
        considered: SQL that is true of the rows that the expectation speaks of.
        broken: SQL that is true of those of them that break it, and of no other row.
    """

    considered: str
    broken: str


@dataclass(frozen=True)
class Relation:
    """A table or view of a connection.

    Attributes:
        name: As it stands in SQL.
        types: DuckDB's type of every column.
    """

    name: str
    types: Mapping[str, str]


def describe(connection: duckdb.DuckDBPyConnection, name: str) -> Relation:
    """Columns of a table or view; Python's patterns become known to the connection."""
    _register_search(connection)
    rows = connection.execute(f"DESCRIBE {quoted(name)}").fetchall()
    return Relation(quoted(name), {row[0]: row[1] for row in rows})


def condition(expectation: Expectation, relation: Relation) -> Condition:
    """An expectation as SQL.

    Raises:
        ValueError: If the relation lacks a column, or the expectation's kind or one of its
            arguments has no SQL here.
    """
    if missing := [c for c in expectation.columns if c not in relation.types]:
        raise ValueError(f"{relation.name} has no column {', '.join(missing)}")
    arguments = {k: v for k, v in expectation.arguments.items() if k != "mostly"}
    try:
        return _KINDS[expectation.type](relation, **arguments)
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"expect_{expectation.type} with {', '.join(arguments)} has no SQL"
        ) from error


def unique_columns(expectation: Expectation) -> list[str]:
    """Columns that are to be unique together; empty if the expectation is of another kind."""
    is_unique = expectation.type in ("column_values_to_be_unique", "compound_columns_to_be_unique")
    return expectation.columns if is_unique else []


def quoted(name: str) -> str:
    """A name as SQL reads it, whatever letters it has."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A text, number or truth value in SQL."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, int | float) else "'" + value.replace("'", "''") + "'"


def _register_search(connection: duckdb.DuckDBPyConnection) -> None:
    known = "SELECT count(*) FROM duckdb_functions() WHERE function_name = ?"
    if connection.execute(known, [SEARCH]).fetchall() == [(0,)]:
        connection.create_function(SEARCH, _search, ["varchar", "varchar"], "boolean")


def _search(text: str, pattern: str) -> bool:
    return re.search(pattern, text) is not None


def _present(relation: Relation, column: str) -> str:
    name = quoted(column)
    return f"NOT isnan({name})" if relation.types[column] in _FLOATS else f"{name} IS NOT NULL"


def _any_of(value: str, values: Sequence[Any]) -> str:
    return f"{value} IN ({', '.join(literal(v) for v in values)})" if values else "false"


def _between(
    relation: Relation, *, column: str, min_value: float | None, max_value: float | None
) -> Condition:
    bounds = [("<", min_value), (">", max_value)]
    beyond = [f"{quoted(column)} {sign} {literal(b)}" for sign, b in bounds if b is not None]
    return _among_present(relation, column, f"({' OR '.join(beyond) or 'false'})")


def _in_set(relation: Relation, *, column: str, value_set: Sequence[Any]) -> Condition:
    return _among_present(relation, column, f"NOT {_any_of(quoted(column), value_set)}")


def _not_in_set(relation: Relation, *, column: str, value_set: Sequence[Any]) -> Condition:
    return _among_present(relation, column, _any_of(quoted(column), value_set))


def _not_null(relation: Relation, *, column: str) -> Condition:
    return Condition("true", f"coalesce(NOT ({_present(relation, column)}), true)")


def _among_present(relation: Relation, column: str, broken: str) -> Condition:
    present = _present(relation, column)
    # The bounds come first: few rows are beyond them, so that few are asked whether they are NaN.
    return Condition(present, f"{broken} AND {present}")


def _match(relation: Relation, *, column: str, regex: str) -> Condition:
    return _among_present(relation, column, f"NOT {_searched(column, regex)}")


def _not_match(relation: Relation, *, column: str, regex: str) -> Condition:
    return _among_present(relation, column, _searched(column, regex))


def _searched(column: str, regex: str) -> str:
    """Whether Python finds the pattern; DuckDB looks where the two agree on what it means."""
    text, pattern = quoted(column), literal(regex)
    by_python = f"{SEARCH}({text}, {pattern})"
    try:
        duckdb.execute(f"SELECT regexp_matches('', {pattern})").fetchall()
    except duckdb.Error:  # it looks ahead or behind, which DuckDB does not
        return by_python
    differs = " OR ".join(f"contains({text}, chr({code}))" for code in _READ_OTHERWISE)
    return (
        f"CASE WHEN strlen({text}) > length({text}) OR {differs} "
        f"THEN {by_python} ELSE regexp_matches({text}, {pattern}) END"
    )


def _pair_in_set(
    relation: Relation,
    *,
    column_A: str,
    column_B: str,
    value_pairs_set: Sequence[tuple[Any, Any]],
    ignore_row_if: str,
) -> Condition:
    if ignore_row_if != "either_value_is_missing":
        raise TypeError(ignore_row_if)
    if {relation.types[column_A], relation.types[column_B]} != {"BOOLEAN"}:
        raise TypeError(relation.types[column_A])
    allowed = set(value_pairs_set)
    broken = [
        f"({quoted(column_A)} = {literal(a)} AND {quoted(column_B)} = {literal(b)})"
        for a, b in product((True, False), repeat=2)
        if (a, b) not in allowed
    ]
    considered = f"{_present(relation, column_A)} AND {_present(relation, column_B)}"
    return Condition(considered, f"({' OR '.join(broken) or 'false'})")


def _unique(relation: Relation, *, column: str) -> Condition:
    return _among_present(relation, column, _is_repeated(relation, [column]))


def _unique_together(relation: Relation, *, column_list: Sequence[str]) -> Condition:
    some = " OR ".join(f"coalesce({_present(relation, c)}, false)" for c in column_list)
    return Condition(f"({some})", f"{_is_repeated(relation, column_list)} AND ({some})")


def _is_repeated(relation: Relation, columns: Sequence[str]) -> str:
    # As one value, in which what is missing equals what is missing.
    values = f"struct_pack({', '.join(f'{quoted(c)} := {quoted(c)}' for c in columns)})"
    repeated = f"SELECT {values} FROM {relation.name} GROUP BY {values} HAVING count(*) > 1"
    return f"{values} IN ({repeated})"


_KINDS: Final[Mapping[str, Callable[..., Condition]]] = {
    "column_values_to_be_between": _between,
    "column_values_to_be_in_set": _in_set,
    "column_values_to_not_be_in_set": _not_in_set,
    "column_values_to_not_be_null": _not_null,
    "column_values_to_match_regex": _match,
    "column_values_to_not_match_regex": _not_match,
    "column_pair_values_to_be_in_set": _pair_in_set,
    "column_values_to_be_unique": _unique,
    "compound_columns_to_be_unique": _unique_together,
}
