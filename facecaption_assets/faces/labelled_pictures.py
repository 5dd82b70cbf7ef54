"""Pictures whose faces a person has marked: their file of boxes, and a detector run over them.

How detections are held against the boxes belongs to ``calibration``.

The file is CSV in UTF-8 with a header. Columns: ``image``, path below the folder of pictures;
``left``, ``top``, ``right``, ``bottom``, a box in pixels of the upright original, of which a
picture has as many rows as faces; and, if wanted, ``ignore``: 1 marks a region in which
detections do not count, such as a crowd in the background. A picture without a face has one row
whose box is empty. A picture without a row is not looked at.
"""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tqdm import tqdm

from facecaption_assets.faces.calibration import LabelledFaces, Verdict, judge
from facecaption_assets.faces.detection import Box, Detector, RgbImage, rank_faces
from facecaption_assets.shards.images import ImageDecodeError, decode_rgb

_SIDES: Final = ("left", "top", "right", "bottom")
_IGNORE: Final[Mapping[str, bool]] = {"": False, "0": False, "1": True}


class LabelError(ValueError):
    """The file of boxes, or a picture that it names, cannot be used; the message says where."""


@dataclass
class LabelledPicture:
    """A picture and its rows.

    Attributes:
        path: The file.
        line: First line that names it, for messages.
        faces: Boxes of its faces with their lines.
        ignored: Ignored regions with their lines.
    """

    path: Path
    line: int
    faces: list[tuple[int, Box]] = field(default_factory=list)
    ignored: list[tuple[int, Box]] = field(default_factory=list)


def read_labels(boxes: Path, images: Path) -> dict[str, LabelledPicture]:
    """Labelled pictures by their path below ``images``, in the order of the file.

    Args:
        boxes: The CSV file.
        images: Folder of the pictures.

    Raises:
        LabelError: Naming file, line and value, if a column is missing, a value is no number, a
            box has no area, or a picture is not there.
    """
    pictures: dict[str, LabelledPicture] = {}
    try:
        with boxes.open(encoding="utf-8-sig", newline="") as file:
            for line, row in _rows(file, boxes):
                _add_row(pictures, row, line, boxes, images)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabelError(f"{boxes}: {error}") from error
    if not any(picture.faces for picture in pictures.values()):
        raise LabelError(f"{boxes}: no row has the box of a face")
    return pictures


def _rows(file: Iterator[str], boxes: Path) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(file, skipinitialspace=True, restval="")
    names = [name.strip() for name in reader.fieldnames or ()]
    if missing := [name for name in ("image", *_SIDES) if name not in names]:
        raise LabelError(f"{boxes}, line 1: no column {', '.join(missing)} in {','.join(names)!r}")
    reader.fieldnames = names
    for row in reader:
        if None in row:
            raise LabelError(f"{boxes}, line {reader.line_num}: more values than columns")
        yield reader.line_num, {name: value.strip() for name, value in row.items()}


def _add_row(
    pictures: dict[str, LabelledPicture],
    row: dict[str, str],
    line: int,
    boxes: Path,
    images: Path,
) -> None:
    place, name = f"{boxes}, line {line}", row["image"]
    picture = pictures.get(name)
    if picture is None:
        path = images / name
        if not name or not path.is_file():
            raise LabelError(f"{place}: image {name!r} is not a file in {images}")
        picture = pictures[name] = LabelledPicture(path, line)
    ignore = _IGNORE.get(row.get("ignore", ""))
    if ignore is None:
        raise LabelError(f"{place}: ignore is {row['ignore']!r}; allowed are 0, 1 and nothing")
    if any(row[side] for side in _SIDES):
        (picture.ignored if ignore else picture.faces).append((line, _box(row, place)))


def _box(row: dict[str, str], place: str) -> Box:
    values = []
    for side in _SIDES:
        try:
            value = float(row[side])
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise LabelError(f"{place}: {side} is {row[side]!r}, not a number")
        values.append(value)
    left, top, right, bottom = values
    if right <= left or bottom <= top:
        raise LabelError(f"{place}: box {left:g}, {top:g}, {right:g}, {bottom:g} has no area")
    return left, top, right, bottom


def judge_pictures(
    pictures: Mapping[str, LabelledPicture], boxes: Path, detector: Detector, min_iou: float
) -> dict[str, list[Verdict]]:
    """Run a detector over labelled pictures and hold its boxes against the labels.

    Args:
        pictures: From ``read_labels``.
        boxes: The file that they were read from, for messages.
        detector: Should report low scores too: what it keeps back has no place in the curve.
        min_iou: As for ``calibration.judge``.

    Returns:
        Verdicts by picture.

    Raises:
        LabelError: If a picture cannot be decoded, or less than half of a box lies inside it.
    """
    verdicts = {}
    for name, picture in tqdm(pictures.items(), desc="Finding faces", disable=None, leave=False):
        place = f"{boxes}, line {picture.line}"
        try:
            pixels = decode_rgb(picture.path.read_bytes())
        except (OSError, ImageDecodeError) as error:
            raise LabelError(f"{place}: image {name!r} cannot be read: {error}") from error
        height, width = pixels.shape[:2]
        (found,) = detector.detect([pixels])
        labels = LabelledFaces(
            tuple(_clipped(line, box, pixels, boxes) for line, box in picture.faces),
            tuple(_clipped(line, box, pixels, boxes) for line, box in picture.ignored),
        )
        verdicts[name] = judge(rank_faces(found, width, height), labels, min_iou)
    return verdicts


def _clipped(line: int, box: Box, pixels: RgbImage, boxes: Path) -> Box:
    """The box within its picture, as the boxes of detections are."""
    left, top, right, bottom = box
    height, width = pixels.shape[:2]
    inside = max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))
    shared = max(inside[2] - inside[0], 0.0) * max(inside[3] - inside[1], 0.0)
    if shared < 0.5 * (right - left) * (bottom - top):
        raise LabelError(
            f"{boxes}, line {line}: box {left:g}, {top:g}, {right:g}, {bottom:g} lies outside its "
            f"picture, which is {width} by {height} px when upright"
        )
    return inside
