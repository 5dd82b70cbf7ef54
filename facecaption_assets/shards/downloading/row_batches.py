"""Long tables as Python objects, a few rows at a time: all at once would take more than the rest.

What the rows mean belongs to ``schema``.
"""

from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa

#: Rows that are Python objects at a time.
_BATCH_ROWS: Final = 512


def row_batches(table: pa.Table) -> Iterator[list[dict[str, Any]]]:
    """The table's rows in order, in portions."""
    for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
        yield batch.to_pylist()


def rows_of(table: pa.Table) -> Iterator[dict[str, Any]]:
    """The table's rows in order, one by one."""
    for rows in row_batches(table):
        yield from rows
