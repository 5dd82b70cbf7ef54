"""Training's batches: which faces a step shows, their captions as tokens, their crops as pictures.

A step is a function of seed, epoch and step number; a process reads and decodes the crops of its
own rows only.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import cv2
import torch
from torch import Tensor

from flip_training.loading.augmentation import Augmentation
from flip_training.loading.crops import CHUNK, Crops, reading_threads
from flip_training.loading.epoch_order import EpochOrder
from flip_training.loading.faces import Rows
from flip_training.loading.shares import Share
from flip_training.model.tokenization import clean_caption, tokenize
from flip_training.seeds import stable_seed

Batch = dict[str, Tensor]

#: Steps that are read while the model computes.
_STEPS_AHEAD: Final = 2


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
    """Shuffled and augmented batches, equal for equal seed and epoch.

    Attributes:
        crops: Faces and their crops, resized to the model's input.
        tokenizer: The model's.
        max_length: Longest caption, tokens.
        batch_size: Pairs per optimizer step, over all processes and micro-batches together.
        shuffle_buffer: Faces that are mixed with each other.
        seed: Of everything random.
        augmentation: What changes pictures at random.
        threads: Threads that read, decode and augment.
    """

    crops: Crops
    tokenizer: Any
    max_length: int
    batch_size: int
    shuffle_buffer: int
    seed: int
    augmentation: Augmentation
    threads: int = 1

    def __len__(self) -> int:
        return steps_per_epoch(len(self.crops.faces), self.batch_size)

    def epoch(
        self,
        epoch: int,
        first_step: int = 0,
        rank: int = 0,
        world_size: int = 1,
        micro_batches: int = 1,
    ) -> Iterator[list[Batch]]:
        """One process's micro-batches of each optimizer step of a pass over the faces.

        A micro-batch has ``images`` (b, 3, H, W) uint8, augmented; ``input_ids`` and
        ``attention_mask`` (b, L), padded to the longest caption of the whole step; and
        ``image_id`` and ``caption_id`` (b,): captions that the model reads alike have equal ids,
        also across epochs. Together, the processes have the rows that a single one would have.

        Args:
            epoch: Which pass; decides the order, the captions and the augmentation.
            first_step: Step of the epoch to begin with; those before it cost nothing.
            rank: Number of this process.
            world_size: Processes.
            micro_batches: Pieces of a step.

        Raises:
            ValueError: If a step cannot be cut into equal parts, or a crop cannot be decoded.
            LookupError: If a tar lacks the crop of a face, or has another one.
            OSError: If a tar cannot be read.
        """
        share = Share(rank, world_size, micro_batches)
        steps = range(first_step, len(self))
        order = EpochOrder(self.crops.faces.shard_starts, self.shuffle_buffer, self.seed, epoch)
        pending: deque[_PendingStep] = deque()
        pool = reading_threads(self.threads)
        try:
            for step in steps:
                rows = order.rows(*self._extent(step, share))
                pending.append(_PendingStep(self, pool, epoch, rows, share))
                if len(pending) > _STEPS_AHEAD:
                    yield pending.popleft().wait()
            while pending:
                yield pending.popleft().wait()
        finally:
            pool.shutdown(cancel_futures=True)

    def _extent(self, step: int, share: Share) -> tuple[int, int]:
        """First and end position of a step's rows in the epoch.

        Where all faces together are fewer than a batch, those that would make the parts unequal
        are left out.
        """
        parts = share.micro_batches * share.world_size
        num_faces = len(self.crops.faces)
        if num_faces < parts:
            raise ValueError(
                f"{num_faces} faces are too few for {share.micro_batches} micro-batches "
                f"(train.micro_batches) on each of {share.world_size} processes"
            )
        most = min(self.batch_size, num_faces - num_faces % parts)
        return step * self.batch_size, step * self.batch_size + most


class _PendingStep:
    """A step that threads are reading."""

    def __init__(
        self,
        batches: TrainingBatches,
        pool: ThreadPoolExecutor,
        epoch: int,
        rows: Rows,
        share: Share,
    ) -> None:
        self.batches = batches
        self.epoch = epoch
        self.positions = share.positions(len(rows))
        own = rows[self.positions.ravel()]
        self.own: list[int] = own.tolist()
        self.own_ids = batches.crops.faces.face_ids(own)
        self.texts = pool.submit(self._read_texts, rows)
        size = batches.crops.size
        self.images = torch.empty((len(self.own), 3, size, size), dtype=torch.uint8)
        chunk = min(CHUNK, -(-len(own) // batches.threads))
        slots = sorted(range(len(self.own)), key=self.own.__getitem__)
        self.pictures: list[Future[None]] = [
            pool.submit(self._read_pictures, slots[i : i + chunk])
            for i in range(0, len(slots), chunk)
        ]

    def wait(self) -> list[Batch]:
        """The micro-batches, complete."""
        texts = self.texts.result()
        for pictures in self.pictures:
            pictures.result()
        whole = {name: values[self.positions.ravel()] for name, values in texts.items()}
        whole["images"] = self.images
        whole["image_id"] = torch.tensor([stable_seed(face_id) for face_id in self.own_ids])
        pieces = {
            name: torch.split(values, self.positions.shape[1]) for name, values in whole.items()
        }
        return [
            dict(zip(pieces, piece, strict=True)) for piece in zip(*pieces.values(), strict=True)
        ]

    def _read_texts(self, rows: Rows) -> Batch:
        """Tokens of the whole step, as the padding depends on its longest caption."""
        b = self.batches
        shown = b.crops.faces.captions_of_epoch(rows, b.seed, self.epoch)
        captions = [clean_caption(caption, b.max_length) for caption in shown]
        tokens = tokenize(b.tokenizer, captions, b.max_length)
        return {
            "input_ids": tokens["input_ids"],
            "attention_mask": tokens["attention_mask"],
            "caption_id": torch.tensor([stable_seed(caption) for caption in captions]),
        }

    def _read_pictures(self, slots: list[int]) -> None:
        """Fill some of the step's images; ``slots`` are in order of the rows' numbers."""
        b = self.batches
        loaded = b.crops.load(self.own[slot] for slot in slots)
        for slot, (_, picture) in zip(slots, loaded, strict=True):
            seed = stable_seed(b.seed, "augment", self.epoch, self.own_ids[slot])
            cv2.split(b.augmentation(picture, seed), list(self.images[slot].numpy()))
