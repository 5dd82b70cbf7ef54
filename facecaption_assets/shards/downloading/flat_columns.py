"""Rows of texts and numbers → an Arrow table, straight into its buffers.

Arrow's own way from Python values, ``pa.array``, loads pandas when it is first used: more memory
than the download of a whole shard takes. What the columns mean belongs to ``schema``.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from facecaption_assets.schema import Column, Table


def flat_table(rows: Sequence[Mapping[str, object]], table: Table) -> pa.Table:
    """Rows as an Arrow table of exactly the given schema.

    Args:
        rows: Values by column; a column that is left out is null.
        table: A table that has strings, integers and floats only.

    Raises:
        TypeError: If the table has other columns as well.
        ValueError: If a row has a column that the schema does not know, or lacks one that must
            not be null.
    """
    known = {c.name for c in table.columns}
    for row in rows:
        if extra := row.keys() - known:
            raise ValueError(f"{table.name} has no column {sorted(extra)}")
    return pa.Table.from_arrays(
        [_array([row.get(c.name) for row in rows], c) for c in table.columns], schema=table.arrow
    )


def _array(values: Sequence[object], column: Column) -> pa.Array:
    kind = column.type
    if not (pa.types.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise TypeError(f"{column.name} is {kind}, neither text nor number")
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
    if nulls and not column.nullable:
        raise ValueError(f"{column.name} must not be null")
    return pa.Array.from_buffers(kind, len(values), buffers, nulls)
