"""Crops as pictures: read from the tars, decoded, resized, kept in memory where that is wanted."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby, islice
from typing import BinaryIO, Final, TypeVar

import cv2
import torch
from torch import Tensor

from flip_training.loading.crop_tars import CropTars
from flip_training.loading.faces import Face, Faces
from flip_training.loading.transforms import Picture, load_crop
from flip_training.storage import Storage

T = TypeVar("T")
R = TypeVar("R")

#: Most crops that a thread reads and decodes in a row.
CHUNK: Final = 16


@dataclass
class Crops:
    """Resized crops of some faces, by row; safe to be read by several threads.

    Attributes:
        storage: The data root.
        faces: The faces whose crops may be asked for.
        size: Side to which crops are resized, px.
        cached: Keep the resized crops in memory: size x size x 3 bytes for each face.
    """

    storage: Storage
    faces: Faces
    size: int
    cached: bool = False
    _cache: dict[int, Picture] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def _tars(self) -> CropTars:
        return CropTars(self.storage, self.faces)

    def load(self, rows: Iterable[int]) -> Iterator[tuple[int, Picture]]:
        """Each row with its crop, (size, size, 3) uint8, in the order in which they are given.

        A tar is open while rows of its shard follow each other.

        Raises:
            LookupError: If a tar lacks the crop of a face of its shard, or has another one.
            ValueError: If a crop cannot be decoded.
            OSError: If a tar cannot be read.
        """
        for shard_index, group in groupby(rows, self.faces.shard_index):
            own = list(group)
            if all(row in self._cache for row in own):
                yield from ((row, self._cache[row]) for row in own)
                continue
            with self._tars.path(shard_index).open("rb", buffering=0) as tar:
                for row in own:
                    yield row, self._read(row, tar)

    def _read(self, row: int, tar: BinaryIO) -> Picture:
        data = self._tars.read(row, tar)
        try:
            picture = load_crop(data, self.size)
        except ValueError as error:
            raise ValueError(f"{self.faces[row].face_id}: {error}") from error
        if self.cached:
            self._cache[row] = picture
        return picture


@dataclass
class CropStream:
    """Resized crops of some faces, one after the other.

    Attributes:
        storage: The data root.
        faces: Faces whose crops are wanted.
        size: Side to which they are resized, px.
        threads: Threads that decode.
        cached: Keep the resized crops in memory: size x size x 3 bytes for each face.
    """

    storage: Storage
    faces: Sequence[Face]
    size: int
    threads: int = 1
    cached: bool = False

    @cached_property
    def _crops(self) -> Crops:
        faces = self.faces if isinstance(self.faces, Faces) else Faces.of(self.faces)
        return Crops(self.storage, faces, self.size, self.cached)

    def read(self) -> Iterator[tuple[Face, Tensor]]:
        """Each face once with its crop, (3, size, size) uint8, by shard and id.

        Raises:
            LookupError: If a tar lacks the crop of a face, or has another one.
            ValueError: If a crop cannot be decoded.
            OSError: If a tar cannot be read.
        """
        faces = self._crops.faces
        chunks = (range(i, min(i + CHUNK, len(faces))) for i in range(0, len(faces), CHUNK))
        for chunk in _map_ahead(lambda rows: list(self._crops.load(rows)), chunks, self.threads):
            for row, picture in chunk:
                yield faces[row], torch.from_numpy(picture).permute(2, 0, 1)


def reading_threads(number: int) -> ThreadPoolExecutor:
    """Threads to read crops with; OpenCV gets no further ones in this process."""
    return ThreadPoolExecutor(number, "crops", cv2.setNumThreads, (1,))


def _map_ahead(function: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """The function's results in order, computed a few items ahead of the reader."""
    items = iter(items)
    pool = reading_threads(threads)
    try:
        pending: deque[Future[R]] = deque(
            pool.submit(function, item) for item in islice(items, 2 * threads)
        )
        while pending:
            yield pending.popleft().result()
            pending.extend(pool.submit(function, item) for item in islice(items, 1))
    finally:
        pool.shutdown(cancel_futures=True)
