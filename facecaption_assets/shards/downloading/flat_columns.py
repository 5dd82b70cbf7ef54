"""Rows of texts and numbers → an Arrow table, straight into its buffers.

Arrow's own way from Python values, ``pa.array``, loads pandas when it is first used: more memory
than the download of a whole shard takes. What the columns mean belongs to ``schema``.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from facecaption_assets.schema import Table


def flat_table(rows: Sequence[Mapping[str, object]], table: Table) -> pa.Table:
    """Rows as an Arrow table of exactly the given schema.

    Args:
        rows: Values by column; a column that is left out is null.
        table: A table that has strings, integers and floats only.

    Raises:
        ValueError: If a row has a column that the schema does not know, or lacks one that must
            not be null.
    """
    known = {c.name for c in table.columns}
    for row in rows:
        if extra := row.keys() - known:
            raise ValueError(f"{table.name} has no column {sorted(extra)}")
    columns = [_array([row.get(c.name) for row in rows], c.type) for c in table.columns]
    for column, array in zip(table.columns, columns, strict=True):
        if array.null_count and not column.nullable:
            raise ValueError(f"{table.name}: {column.name} must not be null")
    return pa.Table.from_arrays(columns, schema=table.arrow)


def _array(values: Sequence[object], kind: pa.DataType) -> pa.Array:
    is_known = np.array([value is not None for value in values], dtype=bool)
    buffers = [pa.py_buffer(np.packbits(is_known, bitorder="little"))]
    if pa.types.is_string(kind):
        texts = [b"" if value is None else str(value).encode() for value in values]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        buffers += [pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    else:
        numbers = [0 if value is None else value for value in values]
        buffers.append(pa.py_buffer(np.array(numbers, dtype=kind.to_pandas_dtype())))
    nulls = len(values) - int(is_known.sum())
    return pa.Array.from_buffers(kind, len(values), buffers, nulls)
