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

    def caption_of_epoch(self, seed: int, epoch: int) -> str:
        """The caption that the face shows in an epoch; depends on nothing but the arguments."""
        return self.captions[stable_seed(seed, epoch, self.face_id) % len(self.captions)]


class Faces(Sequence[Face]):
    """Faces in order of their shards and, within a shard, of their ids.

    Attributes:
        shards: Names of the shards, in order.
        shard_starts: Row of each shard's first face, and the number of faces, (S + 1,).
    """

    def __init__(self, pairs: pa.Table) -> None:
        """Make faces of pairs: ``face_id``, ``shard``, ``crop_sha256`` and ``caption``."""
        pairs = pairs.select(_COLUMNS).cast(_SCHEMA)
        pairs = pairs.sort_by([("shard", "ascending"), ("face_id", "ascending")]).combine_chunks()
        starts = _starts(pairs["face_id"], pairs["shard"])
        self._captions = _column(pairs, "caption")
        self._caption_starts = np.append(starts, pairs.num_rows)
        faces = pairs.select(_COLUMNS[:3]).take(pa.array(starts)).combine_chunks()
        self._face_ids = _column(faces, "face_id")
        self._sums = _column(faces, "crop_sha256")
        shard_starts = _starts(faces["shard"])
        self.shards: tuple[str, ...] = tuple(
            faces["shard"].take(pa.array(shard_starts)).to_pylist()
        )
        self.shard_starts: Rows = np.append(shard_starts, faces.num_rows)

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

    def captions(self) -> Iterable[str]:
        """Captions of all faces, in order."""
        return (caption.as_py() for caption in self._captions)


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
    table = storage.read_table("training_sets", recipe, [*_COLUMNS, "split"])
    return Faces(table.filter(pc.equal(table["split"], split)))
