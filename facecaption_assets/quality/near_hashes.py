"""Which of many hashes are near each other, without comparing all with all.

Works on a DuckDB table, so that neither the hashes nor what is compared need fit into memory. What
the hashes are of, and what follows from two being near, belongs to ``duplicates``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import log2
from typing import Final

import duckdb
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

_BITS: Final = 64

#: Most equal blocks that make up a key.
_MOST_BLOCKS: Final = 4

#: Pairs that are read at a time.
_BATCH: Final = 100_000


def key_masks(distance: int, hashes: int) -> list[int]:
    """Bits to look up, so that any two hashes within the distance agree in one of the masks.

    Of ``distance + k`` blocks, at least ``k`` are equal; each mask is one choice of ``k`` of them.
    More blocks make longer keys, which fewer hashes share, and more masks. Taken are so many that
    there are as many possible keys as hashes. Neighbouring bits go to different blocks, because
    they tend to be alike in pictures that are not.

    Source: G. S. Manku et al., "Detecting Near-Duplicates for Web Crawling", 2007, section 3.
    """
    enough = log2(max(hashes, 2))
    lengths = {k: _BITS * k / (distance + k) for k in range(1, _MOST_BLOCKS + 1)}
    equal = next((k for k, bits in lengths.items() if bits >= enough), _MOST_BLOCKS)
    number = distance + equal
    blocks = [sum(1 << bit for bit in range(block, _BITS, number)) for block in range(number)]
    return [sum(chosen) for chosen in combinations(blocks, equal)]


def near_pairs(
    connection: duckdb.DuckDBPyConnection, table: str, distance: int, long_distance: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """All pairs of rows whose hashes are within both distances; some come more than once.

    Args:
        connection: Where the table is; it cannot be used for anything else meanwhile.
        table: Has ``id`` and, as unsigned 64-bit numbers, the short hash ``h`` and the parts of
            the long one, ``l0`` to ``l3``. Rows with equal hashes should have been made one: they
            would be compared with each other.
        distance: Most bits in which the short hashes differ. No pair within it is missed.
        long_distance: Most bits in which the long hashes differ.

    Yields:
        Ids of the one side and of the other.
    """
    hashes = connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
    long_bits = " + ".join(f"bit_count(xor(a.l{i}, b.l{i}))::INTEGER" for i in range(4))
    masks = key_masks(distance, hashes)
    for mask in tqdm(masks, desc="compare pictures", disable=None, leave=False):
        found = connection.sql(
            f"SELECT a.id, b.id FROM {table} AS a JOIN {table} AS b "
            f"ON (a.h & {mask}::UBIGINT) = (b.h & {mask}::UBIGINT) AND a.id < b.id "
            f"WHERE bit_count(xor(a.h, b.h)) <= {distance} AND {long_bits} <= {long_distance}"
        ).to_arrow_reader(_BATCH)
        for batch in found:
            yield batch.column(0).to_numpy(), batch.column(1).to_numpy()


class Components:
    """Which of the numbers from 0 are linked, directly or through others."""

    def __init__(self, size: int) -> None:
        self._parent = np.arange(size, dtype=np.int32)

    def link(self, ones: NDArray[np.int64], others: NDArray[np.int64]) -> None:
        """Note that each number of the one array is linked with its partner in the other."""
        for one, other in zip(ones.tolist(), others.tolist(), strict=True):
            first, second = self._root(one), self._root(other)
            # The lowest number stands for all.
            self._parent[max(first, second)] = min(first, second)

    def _root(self, number: int) -> int:
        parent = self._parent
        while (above := int(parent[number])) != number:
            parent[number] = parent[above]
            number = above
        return number

    def roots(self) -> NDArray[np.int32]:
        """For every number, the lowest that it is linked with; itself, if with none."""
        roots = self._parent
        while not np.array_equal(roots, above := roots[roots]):
            roots = above
        return roots
