"""Pictures of benchmarks, which nothing may be trained on: exact copies and near ones.

``facecaption hash-benchmark`` writes one table of hashes per benchmark; here they are only known.
A face is in a benchmark if its picture is, by the sum of the bytes or by both perceptual hashes, or
if its crop is, by the sum. Portraits are composed alike: on the sample, where no picture has a
copy, 10 of 1,891 pairs of pictures and 222 of 26,335 pairs of crops are within the short hash's
distance, and none of the pairs of pictures is within both. The short one alone would take every
face for one of a large benchmark, so a picture of which there is no long hash is known by its bytes
only, and so is a crop.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from flip_training.pairs.opt_out_entries import DEFAULT_DISTANCE

#: Bits of 256 in which the long hashes of copies may differ: the share that the short ones may.
LONG_DISTANCE: Final = 4 * DEFAULT_DISTANCE

#: Pairs of hashes that are compared at a time; bounds the memory, 16 bytes a pair.
_PAIRS_AT_ONCE: Final = 1 << 22

_COLUMNS: Final = ("sha256", "phash", "phash256")


class BenchmarkError(ValueError):
    """A file among the benchmarks is not a table of hashes."""


@dataclass(frozen=True, eq=False)
class _Hashes:
    """Hashes of one benchmark's pictures: sums, and short (N,) and long (N, 4) perceptual ones."""

    sums: frozenset[str]
    short: NDArray[np.uint64]
    long: NDArray[np.uint64]

    def near(self, pictures: Sequence[Mapping[str, Any]]) -> NDArray[np.bool_]:
        """Whether each picture, with its columns ``phash`` and ``phash256``, is close to one."""
        asked = np.flatnonzero([bool(p.get("phash") and p.get("phash256")) for p in pictures])
        found = np.zeros(len(pictures), bool)
        if not len(self.short) or not len(asked):
            return found
        short, long = _packed(
            [(pictures[at]["phash"], pictures[at]["phash256"]) for at in asked.tolist()]
        )
        step = max(1, _PAIRS_AT_ONCE // len(self.short))
        for start in range(0, len(asked), step):
            distance = np.bitwise_count(short[start : start + step, None] ^ self.short)
            own, other = np.nonzero(distance <= DEFAULT_DISTANCE)
            far = np.bitwise_count(long[start + own] ^ self.long[other]).sum(axis=1, dtype=int)
            found[asked[start + own[far <= LONG_DISTANCE]]] = True
        return found


@dataclass(frozen=True)
class Benchmarks:
    """The benchmarks whose pictures are known, by name; none where none were hashed."""

    tables: Mapping[str, _Hashes]
    digests: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path) -> "Benchmarks":
        """The benchmarks in a folder.

        Raises:
            BenchmarkError: If a file has not the columns of hashes.
        """
        paths = sorted(folder.glob("*.parquet"))
        states = [(path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths]
        return _read(tuple(states))

    def __bool__(self) -> bool:
        return bool(self.tables)

    @cached_property
    def version(self) -> str:
        """Hash of the files' bytes and the distances."""
        parts = (sorted(self.digests.items()), DEFAULT_DISTANCE, LONG_DISTANCE)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

    def covering(self, pictures: Sequence[Mapping[str, Any]]) -> list[str]:
        """The first benchmark that each picture is in, by name; empty where it is in none.

        Args:
            pictures: Rows with ``sha256``, ``phash`` and ``phash256``, any of them null or absent.
        """
        found = [""] * len(pictures)
        for name, hashes in self.tables.items():
            near = hashes.near(pictures)
            for index, picture in enumerate(pictures):
                if not found[index] and (near[index] or picture.get("sha256") in hashes.sums):
                    found[index] = name
        return found


def _packed(hashes: Sequence[tuple[str, str]]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Short hashes (N,) and long ones (N, 4)."""
    short = np.array([int(digits, 16) for digits, _ in hashes], np.uint64)
    words = [[int(digits[at : at + 16], 16) for at in range(0, 64, 16)] for _, digits in hashes]
    return short, np.array(words, np.uint64).reshape(-1, 4)


@lru_cache(maxsize=1)
def _read(files: tuple[tuple[Path, int, int], ...]) -> Benchmarks:
    tables, digests = {}, {}
    for path, *_ in files:
        try:
            rows = pq.read_table(path, columns=list(_COLUMNS)).to_pylist()
            hashed = [(r["phash"], r["phash256"]) for r in rows if r["phash"] and r["phash256"]]
            sums = frozenset(row["sha256"] for row in rows)
            tables[path.stem] = _Hashes(sums, *_packed(hashed))
        except (pa.ArrowInvalid, KeyError, ValueError) as error:
            raise BenchmarkError(
                f"{path} has no usable hashes; write it with facecaption hash-benchmark: {error}"
            ) from error
        digests[path.stem] = hashlib.sha256(path.read_bytes()).hexdigest()
    return Benchmarks(tables, digests)
