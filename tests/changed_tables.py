"""Tables with some rows changed, and what a suite says of them by counting."""

from collections.abc import Callable, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from facecaption_assets.quality.aggregates import validate_relation
from facecaption_assets.quality.expectations import Expectation, SuiteResult

Row = dict[str, Any]


def rewritten(table: pa.Table, change: Callable[[Row], Row | None]) -> pa.Table:
    """The table with each row changed; rows for which the change gives None are lost."""
    rows = [new for row in table.to_pylist() if (new := change(row)) is not None]
    return pa.Table.from_pylist(rows, schema=table.schema)


def counted(table: pa.Table, suite: Sequence[Expectation]) -> SuiteResult:
    """What counting says of a suite."""
    with duckdb.connect() as connection:
        connection.register("held", table)
        return validate_relation(connection, "held", suite)
