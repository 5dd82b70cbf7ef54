"""Which pictures a training sees in which step, and their pixels.

Order and mirroring follow from the seed and the epoch alone, so that a training that was
interrupted goes on with the very pictures that it would have seen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from facecaption_assets.attributes.celeba_resnet50 import prepare
from facecaption_assets.attributes.training.celeba_folder import CelebaFolder, CelebaSplit
from facecaption_assets.attributes.training.settings import TrainingSettings
from facecaption_assets.shards.images import ImageDecodeError, decode_rgb

#: Position of a picture, and whether it is mirrored.
_Item: TypeAlias = tuple[int, bool]

#: Streams of random numbers of an epoch.
_TRAINING: Final = 0
_VALIDATION: Final = 1


class PictureError(ValueError):
    """A picture of the training set cannot be read; the message names it."""


@dataclass(frozen=True)
class StepBatch:
    """What one step sees.

    Attributes:
        pixels: (B, 3, S, S), float32 in [-1, 1].
        labels: (B, 40), float32, 0 or 1.
        validation_pixels: As ``pixels``, for the attributes' weights.
        validation_labels: As ``labels``.
    """

    pixels: Tensor
    labels: Tensor
    validation_pixels: Tensor
    validation_labels: Tensor


class _Pictures(Dataset[tuple[Tensor, Tensor]]):
    """Prepared pictures and labels by position and mirroring."""

    def __init__(self, splits: Sequence[CelebaSplit], image_size: int) -> None:
        self._paths = [path for split in splits for path in split.pictures]
        self._labels = np.concatenate([split.labels for split in splits]).astype(np.float32)
        self._image_size = image_size

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, item: _Item) -> tuple[Tensor, Tensor]:
        index, mirrored = item
        pixels = prepare(_decode(self._paths[index]), self._image_size)
        if mirrored:
            pixels = np.ascontiguousarray(pixels[:, ::-1])
        return torch.from_numpy(pixels).permute(2, 0, 1), torch.from_numpy(self._labels[index])


def _decode(path: Path) -> NDArray[np.uint8]:
    try:
        return decode_rgb(path.read_bytes())
    except (OSError, ImageDecodeError) as error:
        raise PictureError(f"{path} cannot be read: {error}") from error


def steps_per_epoch(folder: CelebaFolder, settings: TrainingSettings) -> int:
    """Steps in which every training picture is seen once."""
    return ceil(len(folder.training.pictures) / settings.batch_size)


def training_batches(
    folder: CelebaFolder, settings: TrainingSettings, epoch: int, first: int, workers: int
) -> Iterator[StepBatch]:
    """Batches of an epoch, from the step ``first`` on.

    Args:
        folder: The pictures.
        settings: Batch and image size, and the seed.
        epoch: Which, from 0.
        first: Steps of the epoch that were already taken.
        workers: Processes that read pictures; 0: this one.

    Raises:
        PictureError: If a picture cannot be read.
    """
    plan = _plan(folder, settings, epoch)[first:]
    dataset = _Pictures([folder.training, folder.validation], settings.image_size)
    items = [[*training, *validation] for training, validation in plan]
    loader = _loader(dataset, items, workers)
    for (pixels, labels), (training, _) in zip(loader, plan, strict=True):
        cut = len(training)
        yield StepBatch(pixels[:cut], labels[:cut], pixels[cut:], labels[cut:])


def validation_batches(
    folder: CelebaFolder, settings: TrainingSettings, workers: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Every validation picture once, in order, with its labels.

    Raises:
        PictureError: If a picture cannot be read.
    """
    dataset = _Pictures([folder.validation], settings.image_size)
    size = settings.batch_size
    positions = range(len(dataset))
    batches = [[(i, False) for i in positions[at : at + size]] for at in positions[::size]]
    yield from _loader(dataset, batches, workers)


def _loader(
    dataset: _Pictures, batches: list[list[_Item]], workers: int
) -> DataLoader[tuple[Tensor, Tensor]]:
    return DataLoader(
        dataset,
        batch_sampler=batches,
        num_workers=workers,
        # A copy of this process would inherit locks that its threads hold.
        multiprocessing_context="spawn" if workers else None,
        pin_memory=torch.cuda.is_available(),
    )


def _plan(
    folder: CelebaFolder, settings: TrainingSettings, epoch: int
) -> list[tuple[list[_Item], list[_Item]]]:
    """Items for training and for validation of every step of an epoch."""
    offset, steps = len(folder.training.pictures), steps_per_epoch(folder, settings)
    num_validation = len(folder.validation.pictures)
    training = _shuffled(offset, (settings.seed, epoch, _TRAINING))
    passes = ceil(steps * settings.batch_size / num_validation)
    validation = [
        (offset + index, mirrored)
        for each in range(passes)
        for index, mirrored in _shuffled(num_validation, (settings.seed, epoch, _VALIDATION, each))
    ]
    size = settings.batch_size
    starts = range(0, steps * size, size)
    return [(training[at : at + size], validation[at : at + size]) for at in starts]


def _shuffled(count: int, seed: tuple[int, ...]) -> list[_Item]:
    random = np.random.default_rng(seed)
    order, mirrored = random.permutation(count), random.random(count) < 0.5
    return list(zip(order.tolist(), mirrored.tolist(), strict=True))
