"""Tables that are too long for memory: written group by group.

How rows are found again belongs to ``long_table_search``; where such a table goes and when it
counts as committed to ``storage``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from facecaption_assets.provenance import HashSink

#: Rows of one row group. Readers that want a few rows read whole groups, so not too many.
ROWS_PER_GROUP: Final = 65_536


class LongTableWriter:
    """Writes rows in the order given, holding at most one row group of them in memory.

    The data version depends on the schema and the rows alone, not on how they were portioned.

    Attributes:
        path: Local Parquet file under construction.
        rows: Rows appended so far.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.rows = 0
        self._schema = schema
        self._waiting: list[pa.Table] = []
        self._num_waiting = 0
        self._sink = HashSink()
        self._stream = pa.ipc.new_stream(self._sink, schema)
        self._parquet = pq.ParquetWriter(path, schema, compression="zstd")

    def append(self, table: pa.Table) -> None:
        """Add rows behind those that are there.

        Raises:
            ValueError: If the rows are not of the table's schema.
        """
        if not table.schema.equals(self._schema):
            raise ValueError(f"columns {table.schema} are not the schema's {self._schema}")
        self._waiting.append(table)
        self._num_waiting += table.num_rows
        self.rows += table.num_rows
        while self._num_waiting >= ROWS_PER_GROUP:
            self._write_group(ROWS_PER_GROUP)

    def finish(self) -> str:
        """Write what is left; return the data version. Rows can no longer be added."""
        if self._num_waiting:
            self._write_group(self._num_waiting)
        self._stream.close()
        return self._sink.version

    def close(self, metadata: Mapping[bytes, bytes]) -> None:
        """Complete the file with the given file metadata."""
        self._parquet.add_key_value_metadata(dict(metadata))
        self._parquet.close()

    def _write_group(self, rows: int) -> None:
        table = pa.concat_tables(self._waiting)
        # Taken rather than sliced: the bytes of a slice tell where it was cut from. Copied first:
        # of nested fixed-size lists, pyarrow takes the wrong values out of a slice.
        copied = [pa.concat_arrays(column.chunks) for column in table.slice(0, rows).columns]
        group = pa.table(copied, schema=self._schema).take(np.arange(rows)).combine_chunks()
        self._waiting = [table.slice(rows)]
        self._num_waiting -= rows
        self._stream.write_table(group, max_chunksize=rows)
        self._parquet.write_table(group, row_group_size=rows)
