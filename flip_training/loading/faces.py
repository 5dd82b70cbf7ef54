"""The faces of a split, with the captions and the sum of the crop of each.

Kept in Arrow's columns rather than as objects, because a training set may have millions of rows.
Which pairs there are belongs to ``training_sets``; pixels belong to ``crops``.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from flip_training.seeds import stable_seed
from flip_training.storage import Storage

Rows = npt.NDArray[np.int64]

_COLUMNS: Final = ("face_id", "shard", "crop_sha256", "caption")
#: Captions of a large set have more than 2 GiB, which Arrow's plain strings cannot address.
_SCHEMA: Final = pa.schema([(name, pa.large_string()) for name in _COLUMNS])


@dataclass(frozen=True)
class Face:
    """A face of one split, with all of its captions and the sum of its crop's bytes."""

    face_id: str
    shard: str
    captions: tuple[str, ...]
    crop_sha256: str


class Faces(Sequence[Face]):
    """Faces in order of their shards and, within a shard, of their ids.

    Attributes:
        shards: Names of the shards, in order.
        shard_starts: Row of each shard's first face, and the number of faces, (S + 1,).
    """

    def __init__(self, pairs: pa.Table) -> None:
        """Make faces of pairs: ``face_id``, ``shard``, ``crop_sha256`` and ``caption``."""
        pairs = _sorted(pairs.select(_COLUMNS).cast(_SCHEMA)).combine_chunks()
        starts = _starts(pairs["face_id"], pairs["shard"])
        self._captions = _column(pairs, "caption")
        self._caption_starts = np.append(starts, pairs.num_rows)
        faces = pairs.select(_COLUMNS[:3]).take(pa.array(starts)).combine_chunks()
        self._face_ids = _column(faces, "face_id")
        self._sums = _column(faces, "crop_sha256")
        first_rows = _starts(faces["shard"])
        self.shards: tuple[str, ...] = tuple(faces["shard"].take(pa.array(first_rows)).to_pylist())
        self.shard_starts: Rows = np.append(first_rows, faces.num_rows)

    @classmethod
    def of(cls, faces: Iterable[Face]) -> "Faces":
        """The same faces as columns; one without a caption is left out."""
        rows = [(f.face_id, f.shard, f.crop_sha256, text) for f in faces for text in f.captions]
        columns = zip(*rows, strict=True) if rows else ([] for _ in _COLUMNS)
        arrays = [pa.array(list(column), pa.large_string()) for column in columns]
        return cls(pa.Table.from_arrays(arrays, schema=_SCHEMA))

    def __len__(self) -> int:
        return len(self._face_ids)

    @overload
    def __getitem__(self, row: int) -> Face: ...
    @overload
    def __getitem__(self, row: slice) -> list[Face]: ...
    def __getitem__(self, row: int | slice) -> Face | list[Face]:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        row = range(len(self))[row]
        first, end = self._caption_starts[row : row + 2].tolist()
        return Face(
            self._face_ids[row].as_py(),
            self.shards[self.shard_index(row)],
            tuple(self._captions.slice(first, end - first).to_pylist()),
            self._sums[row].as_py(),
        )

    def shard_index(self, row: int) -> int:
        """Which of ``shards`` holds the crop of a row."""
        return bisect_right(self.shard_starts, row) - 1

    @property
    def num_captions(self) -> int:
        """Captions of all faces together."""
        return len(self._captions)

    def face_ids(self, rows: Rows) -> list[str]:
        """Ids of the faces of some rows."""
        ids: list[str] = self._face_ids.take(pa.array(rows)).to_pylist()
        return ids

    def captions_of_epoch(self, rows: Rows, seed: int, epoch: int) -> list[str]:
        """The caption that each face of some rows shows in an epoch.

        Which one that is depends on the face's id, its captions, the seed and the epoch only.
        """
        seeds = np.array([stable_seed(seed, epoch, face_id) for face_id in self.face_ids(rows)])
        first = self._caption_starts[rows]
        shown = first + seeds % (self._caption_starts[rows + 1] - first)
        captions: list[str] = self._captions.take(pa.array(shown)).to_pylist()
        return captions

    def captions(self) -> Iterable[str]:
        """Captions of all faces, in order."""
        return (caption.as_py() for caption in self._captions)


def _sorted(pairs: pa.Table) -> pa.Table:
    """Pairs by shard and face; large sets are so already, and sorting would copy them."""
    same_shard = pc.equal(pairs["shard"][1:], pairs["shard"][:-1])
    next_shard = pc.greater(pairs["shard"][1:], pairs["shard"][:-1])
    next_face = pc.greater_equal(pairs["face_id"][1:], pairs["face_id"][:-1])
    if pc.all(pc.or_(next_shard, pc.and_(same_shard, next_face)), min_count=0).as_py():
        return pairs
    return pairs.sort_by([("shard", "ascending"), ("face_id", "ascending")])


def _starts(*columns: pa.ChunkedArray) -> Rows:
    """Rows at which the value of any of the columns changes, the first row included."""
    if not len(columns[0]):
        return np.zeros(0, dtype=np.int64)
    changes = np.zeros(len(columns[0]), dtype=bool)
    changes[0] = True
    for column in columns:
        changes[1:] |= pc.not_equal(column[1:], column[:-1]).to_numpy()
    return np.flatnonzero(changes)


def _column(table: pa.Table, name: str) -> Any:
    """A column as one array."""
    chunks = table[name].chunks
    return chunks[0] if chunks else pa.array([], pa.large_string())


def read_faces(storage: Storage, recipe: str, split: str) -> Faces:
    """The faces of a split.

    Raises:
        PartitionMissing: If the training set has not been built.
        GateFailed: If it failed a blocking check.
    """
    storage.require("training_sets", recipe)

    def column(name: str) -> pa.ChunkedArray:
        return storage.read_table("training_sets", recipe, [name])[name]

    chosen = pc.equal(column("split"), split)
    # One column after the other, because all rows of all columns are several times what is kept.
    kept = {name: column(name).cast(pa.large_string()).filter(chosen) for name in _COLUMNS}
    return Faces(pa.table({name: values.combine_chunks() for name, values in kept.items()}))
