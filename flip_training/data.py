"""Training and evaluation data: crops streamed from the tars, captions drawn, batches of tensors.

Which pairs there are belongs to ``training_sets``; pixels are read in the tars' order and mixed in
a buffer, so that a shard is read once per epoch and never unpacked.
"""

import hashlib
import random
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

import torch
from torch import Tensor

from flip_training.storage import Storage
from flip_training.tokenization import clean_caption, tokenize
from flip_training.transforms import load_crop

T = TypeVar("T")
R = TypeVar("R")

Batch = dict[str, Tensor]


def stable_seed(*parts: object) -> int:
    """A 63-bit integer that depends on the parts only; equal on every machine."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1


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


def read_faces(storage: Storage, recipe: str, split: str) -> list[Face]:
    """The faces of a split, in order of their ids.

    Raises:
        PartitionMissing: If the training set has not been built.
        GateFailed: If it failed a blocking check.
    """
    storage.require("training_sets", recipe)
    columns = ["face_id", "shard", "crop_sha256", "split", "caption"]
    captions: dict[tuple[str, str, str], list[str]] = {}
    for row in storage.read_table("training_sets", recipe, columns).to_pylist():
        if row["split"] == split:
            face = (row["face_id"], row["shard"], row["crop_sha256"])
            captions.setdefault(face, []).append(row["caption"])
    return [
        Face(face_id, shard, tuple(texts), crop_sha256)
        for (face_id, shard, crop_sha256), texts in sorted(captions.items())
    ]


@dataclass
class CropStream:
    """Resized crops of some faces, streamed from the tars.

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
    _cache: dict[str, dict[str, Tensor]] = field(default_factory=dict, init=False, repr=False)

    def read(self, rng: random.Random | None = None) -> Iterator[tuple[Face, Tensor]]:
        """Each face once with its crop, (3, size, size) uint8; shards in random order with rng.

        Within a shard the order is the tar's, whether the crops are cached or not.

        Raises:
            LookupError: If a tar lacks the crop of a face, or has another one.
            ValueError: If a crop cannot be decoded.
        """
        shards: dict[str, dict[str, Face]] = {}
        for face in self.faces:
            shards.setdefault(face.shard, {})[face.face_id] = face
        order = sorted(shards)
        if rng:
            rng.shuffle(order)
        for shard in order:
            wanted, held = shards[shard], self._cache.setdefault(shard, {})
            if len(held) == len(wanted):
                yield from ((wanted[face_id], crop) for face_id, crop in held.items())
            else:
                yield from self._read_tar(shard, wanted)

    def _read_tar(self, shard: str, wanted: Mapping[str, Face]) -> Iterator[tuple[Face, Tensor]]:
        missing = set(wanted)
        members = ((wanted[name], data) for name, data in self._members(shard) if name in wanted)
        for face, crop in _map_ahead(self._decode, members, self.threads):
            missing.discard(face.face_id)
            if self.cached:
                self._cache[shard][face.face_id] = crop
            yield face, crop
        if missing:
            path = self.storage.tar_path("face_crops", shard)
            raise LookupError(f"{path} lacks the crops of {sorted(missing)[:5]}")

    def _members(self, shard: str) -> Iterator[tuple[str, bytes]]:
        with tarfile.open(self.storage.tar_path("face_crops", shard), "r|") as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is not None and member.name.endswith(".jpg"):
                    yield member.name.removesuffix(".jpg"), content.read()

    def _decode(self, member: tuple[Face, bytes]) -> tuple[Face, Tensor]:
        face, data = member
        if hashlib.sha256(data).hexdigest() != face.crop_sha256:
            path = self.storage.tar_path("face_crops", face.shard)
            raise LookupError(
                f"{path} has another crop of {face.face_id} than the training set was made from; "
                "build training_sets again"
            )
        try:
            return face, load_crop(data, self.size)
        except ValueError as error:
            raise ValueError(f"{face.face_id}: {error}") from error


def _map_ahead(function: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """The function's results in order, computed a few items ahead of the reader."""
    items = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        pending = [pool.submit(function, item) for item in islice(items, 4 * threads)]
        while pending:
            yield pending.pop(0).result()
            pending += [pool.submit(function, item) for item in islice(items, 1)]


def shuffled(items: Iterable[T], buffer: int, rng: random.Random) -> Iterator[T]:
    """The items in random order: the next one is drawn from ``buffer`` that were read ahead."""
    held: list[T] = []
    for item in items:
        held.append(item)
        if len(held) >= buffer:
            yield held.pop(rng.randrange(len(held)))
    rng.shuffle(held)
    yield from held


def steps_per_epoch(num_faces: int, batch_size: int) -> int:
    """Batches of an epoch: the last one is dropped unless it is full or the only one.

    Raises:
        ValueError: If there are fewer than two faces, which leaves nothing to contrast.
    """
    if num_faces < 2:
        raise ValueError(f"training needs at least 2 faces, got {num_faces}")
    return max(1, num_faces // batch_size)


@dataclass(frozen=True)
class TrainingBatches:
    """Shuffled batches of an epoch, equal for equal seed and epoch.

    A batch has ``images`` (B, 3, H, W) uint8, ``input_ids`` and ``attention_mask`` (B, L), and
    ``image_id`` and ``caption_id`` (B,): captions that the model reads alike have equal ids, also
    across epochs.
    """

    stream: CropStream
    tokenizer: Any
    batch_size: int
    max_length: int
    buffer: int
    seed: int

    def __len__(self) -> int:
        return steps_per_epoch(len(self.stream.faces), self.batch_size)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """The batches of one pass over the faces."""
        rng = random.Random(stable_seed(self.seed, "order", epoch))
        samples = shuffled(self.stream.read(rng), self.buffer, rng)
        for _ in range(len(self)):
            batch = list(islice(samples, self.batch_size))
            faces = [face for face, _ in batch]
            captions = [
                clean_caption(face.caption_of_epoch(self.seed, epoch), self.max_length)
                for face in faces
            ]
            tokens = tokenize(self.tokenizer, captions, self.max_length)
            yield {
                "images": torch.stack([crop for _, crop in batch]),
                "input_ids": tokens["input_ids"],
                "attention_mask": tokens["attention_mask"],
                "image_id": torch.tensor([stable_seed(face.face_id) for face in faces]),
                "caption_id": torch.tensor([stable_seed(caption) for caption in captions]),
            }
