"""Pictures of benchmarks, which nothing may be trained on: exact copies and near ones.

``facecaption hash-benchmark`` writes one table of hashes per benchmark; here they are only known.
A face is in a benchmark if its picture or its crop is, by the sum of the bytes or by perceptual
hash. Where both sides have the long hash, it must be near as well: portraits are composed alike,
and the short one alone would take many for each other.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from flip_training.opt_out_entries import DEFAULT_DISTANCE

#: Bits of 256 in which the long hashes of copies may differ: the share that the short ones may.
LONG_DISTANCE: Final = 4 * DEFAULT_DISTANCE

#: Pairs of hashes that are compared at a time; bounds the memory, 16 bytes a pair.
_PAIRS_AT_ONCE: Final = 1 << 22

_COLUMNS: Final = ("sha256", "phash", "phash256")


class BenchmarkError(ValueError):
    """A file among the benchmarks is not a table of hashes."""


@dataclass(frozen=True, eq=False)
class _Hashes:
    """Hashes of one benchmark's pictures; those without a perceptual hash are in ``sums`` only."""

    sums: frozenset[str]
    short: NDArray[np.uint64]
    long: NDArray[np.uint64]
    has_long: NDArray[np.bool_]

    def near(self, pictures: Sequence[Mapping[str, Any]]) -> NDArray[np.bool_]:
        """Whether each picture, with its columns ``phash`` and ``phash256``, is close to one."""
        found = np.zeros(len(pictures), bool)
        asked = np.array([bool(p.get("phash")) for p in pictures], bool)
        if not len(self.short) or not asked.any():
            return found
        own = [p for p, is_asked in zip(pictures, asked, strict=True) if is_asked]
        short, long, has_long = _packed([(p["phash"], p.get("phash256")) for p in own])
        step = max(1, _PAIRS_AT_ONCE // len(self.short))
        near = np.zeros(len(own), bool)
        for at in range(0, len(own), step):
            distance = np.bitwise_count(short[at : at + step, None] ^ self.short[None, :])
            for row, column in np.argwhere(distance <= DEFAULT_DISTANCE):
                near[at + row] |= self._agrees(long[at + row], has_long[at + row], column)
        found[asked] = near
        return found

    def _agrees(self, long: NDArray[np.uint64], has_long: bool, column: int) -> bool:
        if not has_long or not self.has_long[column]:
            return True
        return int(np.bitwise_count(long ^ self.long[column]).sum()) <= LONG_DISTANCE


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


def _packed(
    hashes: Iterable[tuple[str, str | None]],
) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.bool_]]:
    """Short hashes (N,), long ones (N, 4) with zeros where unknown, and whether each is known."""
    pairs = list(hashes)
    short = np.array([int(digits, 16) for digits, _ in pairs], np.uint64)
    texts = [long or "0" * 64 for _, long in pairs]
    words = [[int(text[at : at + 16], 16) for at in range(0, 64, 16)] for text in texts]
    known = np.array([bool(long) for _, long in pairs], bool)
    return short, np.array(words, np.uint64).reshape(-1, 4), known


@lru_cache(maxsize=1)
def _read(files: tuple[tuple[Path, int, int], ...]) -> Benchmarks:
    tables, digests = {}, {}
    for path, *_ in files:
        try:
            rows = pq.read_table(path, columns=list(_COLUMNS)).to_pylist()
            hashed = [(r["phash"], r["phash256"]) for r in rows if r["phash"]]
            sums = frozenset(row["sha256"] for row in rows)
            tables[path.stem] = _Hashes(sums, *_packed(hashed))
        except (pa.ArrowInvalid, KeyError, ValueError) as error:
            raise BenchmarkError(
                f"{path} has no usable hashes; write it with facecaption hash-benchmark: {error}"
            ) from error
        digests[path.stem] = hashlib.sha256(path.read_bytes()).hexdigest()
    return Benchmarks(tables, digests)
