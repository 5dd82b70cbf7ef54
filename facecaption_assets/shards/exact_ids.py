"""SAMPLE_IDs as whole numbers, exactly.

LAION's tables hold them as float64 as often as not, with NaN between them; a float64 is one whole
number only below 2^53, a float32 below 2^24.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ExactIds:
    """Ids of some rows.

    Attributes:
        ids: (n,), one per row; 0 where it is not exact.
        exact: (n,), whether the row's id is known exactly.
        num_nan: Rows without an id.
        inexact: The values that are no whole number or may stand for several, in row order.
    """

    ids: NDArray[np.int64]
    exact: NDArray[np.bool_]
    num_nan: int
    inexact: NDArray[np.float64]


def exact_ids(values: NDArray[Any]) -> ExactIds:
    """Whole numbers from an array of integers or floats, (n,).

    Raises:
        ValueError: If the values are not numbers, or an integer does not fit 64 bits.
    """
    if values.dtype.kind == "f":
        return _from_floats(values)
    if values.dtype.kind not in "iu" and len(values):
        raise ValueError(f"ids are {values.dtype}, e.g. {values.flat[0]!r}; they must be numbers")
    if values.dtype.kind == "u" and len(values) and values.max() > np.iinfo(np.int64).max:
        raise ValueError(f"id {values.max()} does not fit a signed 64-bit number")
    ids = values.astype(np.int64)
    return ExactIds(ids, np.ones(len(ids), np.bool_), 0, np.empty(0, np.float64))


def _from_floats(found: NDArray[Any]) -> ExactIds:
    # From here on a number of this type may stand for a neighbour of the one that was meant.
    inexact_from = 2.0 ** (np.finfo(found.dtype).nmant + 1)
    values = found.astype(np.float64)
    nan = np.isnan(values)
    exact = ~nan & (np.abs(values) < inexact_from) & (values == np.floor(values))
    ids = np.where(exact, values, 0.0).astype(np.int64)
    return ExactIds(ids, exact, int(nan.sum()), values[~exact & ~nan])
