"""The safe list: ids that are known to be still in Re-LAION.

LAION withdrew its sets in 2023 and published them again without the links that hotlines had
reported; an id that is in no Re-LAION table must not be used.
Source: https://laion.ai/blog/relaion-5b/
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.shards.exact_ids import ExactIds, exact_ids
from facecaption_assets.shards.laion_files import parquet_files, read_rows
from facecaption_assets.shards.laion_metadata import match_rows
from facecaption_assets.shards.sources import SourceError

#: Ids of a NumPy file that are looked at together.
_CHUNK: Final = 1_000_000


def read_safe_list(place: str, ids: NDArray[np.int64]) -> NDArray[np.bool_] | None:
    """Whether each of the sorted ids is on the list; None where the setting is empty.

    Raises:
        SourceError: If the list is not there or holds no ids.
    """
    if not place:
        return None
    safe = np.zeros(len(ids), np.bool_)
    for found in _chunks(place):
        safe[match_rows(ids, found)[1]] = True
    return safe


def _chunks(place: str) -> Iterator[ExactIds]:
    if not place.endswith(".npy"):
        for file in parquet_files(place, "safe_list"):
            for rows in read_rows(file, ["sample_id"]):
                yield rows.found
        return
    try:
        values = np.load(place, mmap_mode="r", allow_pickle=False).reshape(-1)
        for start in range(0, len(values), _CHUNK):
            yield exact_ids(values[start : start + _CHUNK])
    except (OSError, ValueError) as error:
        raise SourceError(f"the setting [laion] safe_list: {place}: {error}") from error
