"""A folder in CelebA's own layout → names of pictures and their labels.

``img_align_celeba/`` holds the pictures, ``list_attr_celeba.txt`` their forty labels and
``list_eval_partition.txt`` which are for training, validation and test. Pixels belong to
``batches``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.attributes.label_files import LabelFileError, read_labels
from facecaption_assets.attributes.vocabulary import ATTRIBUTES

IMAGES: Final = "img_align_celeba"
LABELS: Final = "list_attr_celeba.txt"
PARTITION: Final = "list_eval_partition.txt"

_SPLITS: Final = {"0": "training", "1": "validation", "2": "test"}


class CelebaError(ValueError):
    """The folder is not in CelebA's layout; the message names the file and what is wrong."""


@dataclass(frozen=True, eq=False)
class CelebaSplit:
    """Pictures of one split.

    Attributes:
        pictures: Paths, in the order of the partition file.
        labels: (pictures, 40), bool, in CelebA's order.
    """

    pictures: tuple[Path, ...]
    labels: NDArray[np.bool_]


@dataclass(frozen=True)
class CelebaFolder:
    """What a training needs of CelebA; the test split is left alone."""

    training: CelebaSplit
    validation: CelebaSplit


def read_celeba(folder: Path) -> CelebaFolder:
    """Names and labels of the pictures for training and validation.

    Raises:
        CelebaError: If a file, a picture or a label is missing or malformed.
    """
    for name in (IMAGES, LABELS, PARTITION):
        if not (folder / name).exists():
            raise CelebaError(f"{folder} has no {name}")
    labels = _read_labels(folder / LABELS)
    splits = _read_partition(folder / PARTITION)
    present = {path.name for path in (folder / IMAGES).iterdir()}
    training, validation = (
        _split(folder, splits[name], labels, present, name) for name in ("training", "validation")
    )
    return CelebaFolder(training, validation)


def _split(
    folder: Path,
    names: list[str],
    labels: Mapping[str, NDArray[np.bool_]],
    present: set[str],
    split: str,
) -> CelebaSplit:
    if not names:
        raise CelebaError(f"{folder / PARTITION} names no picture for {split}")
    for place, known in ((folder / LABELS, labels.keys()), (folder / IMAGES, present)):
        if missing := [name for name in names if name not in known]:
            raise CelebaError(
                f"{place} lacks {len(missing)} of {len(names)} pictures for {split}, the first "
                f"{missing[0]}"
            )
    pictures = tuple(folder / IMAGES / name for name in names)
    return CelebaSplit(pictures, np.array([labels[name] for name in names], np.bool_))


def _read_labels(path: Path) -> dict[str, NDArray[np.bool_]]:
    try:
        table = read_labels(path)
    except LabelFileError as error:
        raise CelebaError(str(error)) from error
    if table.attributes != ATTRIBUTES:
        raise CelebaError(f"{path} does not name CelebA's 40 attributes in their order")
    if not table.values.all():
        row, column = np.argwhere(table.values == 0)[0]
        raise CelebaError(
            f"{path} says neither 1 nor -1 of {ATTRIBUTES[column]}, {table.names[row]}"
        )
    return dict(zip(table.names, table.values > 0, strict=True))


def _read_partition(path: Path) -> dict[str, list[str]]:
    splits: dict[str, list[str]] = {name: [] for name in _SPLITS.values()}
    for number, line in enumerate(_lines(path), start=1):
        match line.split():
            case []:
                continue
            case [name, split] if split in _SPLITS:
                splits[_SPLITS[split]].append(name)
            case _:
                raise CelebaError(f"{path}: line {number} is not a picture and 0, 1 or 2")
    return splits


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CelebaError(f"{path} cannot be read: {error}") from error
