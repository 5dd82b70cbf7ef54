"""LAION's columns in the types of our schema.

Texts come as bytes, because old files hold some that are not UTF-8; sizes come as floats.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def to_column(found: pa.ChunkedArray | None, wanted: pa.DataType, kept: pa.Array) -> Any:
    """A column of the wanted type, null where the row is not kept or the value has no meaning.

    Args:
        found: Column of the file, texts as bytes; None where the file has none.
        wanted: Type in our schema.
        kept: Whether the row is kept.
    """
    if found is None:
        return pa.nulls(len(kept), wanted)
    values = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    plain = _to_text(values) if wanted == pa.string() else _to_number(values, wanted)
    return pc.if_else(kept, plain, pa.scalar(None, wanted))


def _to_text(values: pa.Array) -> pa.Array:
    try:
        return values.cast(pa.string())
    except pa.ArrowInvalid:
        decoded = [v if v is None else v.decode("utf-8", "replace") for v in values.to_pylist()]
        return pa.array(decoded, pa.string())


def _to_number(values: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Numbers of the wanted type; what does not fit it, a size with a fraction say, is null."""
    numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    usable = np.isfinite(numbers)
    if pa.types.is_integer(wanted):
        usable &= (numbers >= 0) & (numbers < 2**31) & (numbers == np.floor(numbers))
    whole = np.where(usable, numbers, 0).astype(wanted.to_pandas_dtype())
    return pa.array(whole, wanted, mask=~usable)
