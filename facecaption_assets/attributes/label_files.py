"""Reads labelled pictures: CelebA's ``list_attr_celeba.txt``, or a CSV with any of its columns.

A name, and for each attribute yes, no or not said. What labels are compared with belongs to
``evaluation``; labels that the sample carries itself to ``sample_truth``.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.attributes.vocabulary import ATTRIBUTES

#: Stands for a 0 until the whole file tells what that means.
_ZERO: Final = 2
#: The decimals are what pandas writes of a column with blanks.
_VALUES: Final[Mapping[str, int]] = {
    "": 0,
    **dict.fromkeys(("1", "1.0"), 1),
    **dict.fromkeys(("-1", "-1.0"), -1),
    **dict.fromkeys(("0", "0.0"), _ZERO),
}


class LabelFileError(ValueError):
    """A file of labels cannot be read."""


@dataclass(frozen=True, eq=False)
class LabelTable:
    """Labels of pictures or faces.

    Attributes:
        names: N names of pictures or faces, each once.
        attributes: A CelebA names, in the order of the columns of ``values``.
        values: (N, A), int8: 1 positive, -1 negative, 0 not said.
        groups: Column → N values by which results are split, such as ``sex``; "" for none.
    """

    names: Sequence[str]
    attributes: tuple[str, ...]
    values: NDArray[np.int8]
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def select(self, rows: Sequence[int]) -> "LabelTable":
        """Only these rows, in this order."""
        return LabelTable(
            [self.names[row] for row in rows],
            self.attributes,
            self.values[np.asarray(rows, np.intp)],
            {name: [values[row] for row in rows] for name, values in self.groups.items()},
        )


def read_labels(path: Path) -> LabelTable:
    """Labels of a file: CelebA's layout where its first line is a number, else CSV.

    A CSV has a header; its first column holds names, columns named as attributes hold labels, and
    all others are groups by which results are split. A label is 1, -1 or blank. A 0 means "not
    said" where the file has a -1 anywhere, and "no" where it has none.

    Raises:
        LabelFileError: If it cannot be read; names the file, and the line where there is one.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            if first.strip().isdigit():
                return _from_celeba(path, file.readline().split(), file)
            file.seek(0)
            return _from_csv(path, csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabelFileError(f"{path}: {error}") from error


def _from_celeba(path: Path, columns: list[str], lines: Iterator[str]) -> LabelTable:
    if unknown := [name for name in columns if name not in ATTRIBUTES]:
        raise LabelFileError(f"{path} line 2 names {unknown[0]!r}, which is no CelebA attribute")
    if len(set(columns)) < len(columns):
        raise LabelFileError(f"{path} line 2 names an attribute twice")
    rows = ((number, line.split()) for number, line in enumerate(lines, start=3) if line.strip())
    return _collect(path, tuple(columns), {}, rows, ["name", *columns])


def _from_csv(path: Path, rows: Iterator[list[str]]) -> LabelTable:
    header = [name.strip() for name in next(rows, [])]
    _require_spelling(path, header)
    if not any(name in ATTRIBUTES for name in header[1:]):
        raise LabelFileError(
            f"{path} line 1 names none of CelebA's attributes, spelled as in {ATTRIBUTES[0]}"
        )
    if len(set(header)) < len(header):
        raise LabelFileError(f"{path} line 1 names a column twice")
    attributes = tuple(name for name in header[1:] if name in ATTRIBUTES)
    groups: dict[str, list[str]] = {n: [] for n in header[1:] if n not in ATTRIBUTES}
    numbered = ((number, row) for number, row in enumerate(rows, start=2) if any(row))
    return _collect(path, attributes, groups, numbered, header)


def _require_spelling(path: Path, header: Sequence[str]) -> None:
    """Refuse what is nearly an attribute: as a column of groups, its labels would be lost."""
    spelled = {_letters(name): name for name in ATTRIBUTES}
    for name in header[1:]:
        meant = spelled.get(_letters(name), name)
        if name != meant:
            raise LabelFileError(f"{path} line 1 names {name!r}; CelebA spells it {meant}")


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


def _collect(
    path: Path,
    attributes: tuple[str, ...],
    groups: dict[str, list[str]],
    rows: Iterator[tuple[int, list[str]]],
    header: Sequence[str],
) -> LabelTable:
    labels: dict[str, NDArray[np.int8]] = {}
    for number, row in rows:
        place = f"{path} line {number}"
        if len(row) != len(header):
            raise LabelFileError(f"{place} has {len(row)} values, not {len(header)}")
        name = row[0].strip()
        if not name or name in labels:
            raise LabelFileError(f"{place} lacks a name, or repeats one: {name!r}")
        cells = dict(zip(header[1:], map(str.strip, row[1:]), strict=True))
        labels[name] = _labels(place, {a: cells[a] for a in attributes})
        for group, entries in groups.items():
            entries.append(cells[group])
    if not labels:
        raise LabelFileError(f"{path} has no labels")
    values = np.stack(list(labels.values()))
    values[values == _ZERO] = 0 if (values == -1).any() else -1
    return LabelTable(list(labels), attributes, values, groups)


def _labels(place: str, cells: Mapping[str, str]) -> NDArray[np.int8]:
    for attribute, text in cells.items():
        if text not in _VALUES:
            raise LabelFileError(
                f"{place} says {text!r} of {attribute}; allowed are 1, -1, 0 and nothing"
            )
    return np.array([_VALUES[text] for text in cells.values()], np.int8)
