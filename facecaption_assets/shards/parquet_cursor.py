"""Reads rows of a Parquet file, a few at a time, for readers that go through it in order.

Files with pictures may have row groups of gigabytes; of those, one batch is held, and the page
that it is from. How many rows a page has is up to the writer; pyarrow's have 1024 at most.
"""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from facecaption_assets.shards.import_files import shown

_READ_BUFFER: Final = 1 << 18


class RowUnreadable(OSError):
    """A row, or what lies before it in its row group, is damaged."""


class ParquetCursor:
    """Some columns of one file. Going forward is cheap; going back starts the row group again.

    Attributes:
        path: The file.
        num_rows: Its rows.
    """

    def __init__(self, path: Path, columns: list[str], batch_rows: int) -> None:
        self.path = path
        self._columns = columns
        self._batch_rows = batch_rows
        # Buffered: else a whole column chunk would be read at once.
        self._file = pq.ParquetFile(path, buffer_size=_READ_BUFFER, pre_buffer=False)
        metadata = self._file.metadata
        self.num_rows: int = metadata.num_rows
        sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        self._starts = [0, *accumulate(sizes)]
        self._batches: Iterator[pa.RecordBatch] = iter(())
        self._group = -1
        self._batch: pa.RecordBatch | None = None
        self._batch_start = 0
        self._broken: dict[int, tuple[int, str]] = {}

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self, row: int) -> dict[str, Any]:
        """The columns of a row, as Python values.

        Raises:
            IndexError: If the file has no such row.
            RowUnreadable: If the row cannot be read.
        """
        if not 0 <= row < self.num_rows:
            raise IndexError(f"{shown(self.path)} has no row {row}, it has {self.num_rows}")
        group = bisect_right(self._starts, row) - 1
        first, reason = self._broken.get(group, (self.num_rows, ""))
        if row >= first:
            raise RowUnreadable(reason)
        if group != self._group or row < self._batch_start:
            self._open(group)
        while self._batch is None or row >= self._batch_start + self._batch.num_rows:
            self._advance()
        try:
            found: dict[str, Any] = self._batch.slice(row - self._batch_start, 1).to_pylist()[0]
        except ValueError as error:
            raise RowUnreadable(f"{shown(self.path)}, row {row}: {error}") from error
        return found

    def _open(self, group: int) -> None:
        self._group, self._batch, self._batch_start = group, None, self._starts[group]
        self._batches = self._file.iter_batches(
            self._batch_rows, row_groups=[group], columns=self._columns, use_threads=False
        )

    def _advance(self) -> None:
        if self._batch is not None:
            self._batch_start += self._batch.num_rows
            self._batch = None
        try:
            self._batch = next(self._batches)
        except (pa.ArrowException, OSError, StopIteration) as error:
            why = error or "rows are missing"
            reason = f"{shown(self.path)}, from row {self._batch_start} on: {why}"
            self._broken[self._group] = (self._batch_start, reason)
            self._group = -1
            raise RowUnreadable(reason) from error
