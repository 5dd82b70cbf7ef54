"""Where the crop of a face lies, and its pixels.

Which way up it is worked out by ``alignment``; whether a face is kept belongs to ``judging``,
rows and files to ``face_rows``.
"""

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.faces.alignment import (
    Frame,
    crop_matrix,
    frame_by_box,
    frame_by_template,
    roll_degrees,
)
from facecaption_assets.faces.detection import Detection, RgbImage
from facecaption_assets.faces.settings import FaceSettings

#: Longest side of a crop, px. Crops keep the picture's own resolution and are never enlarged; a
#: larger one is reduced, so that no picture can make a crop that does not fit into memory.
MAX_CROP_SIDE_PX: Final = 4096
#: Pixels around the crop that the interpolation reads.
_INTERPOLATION_REACH: Final = 4
#: Points along a side of a crop at which it is asked whether they lie in the picture.
_PROBES: Final = 64


class Place(NamedTuple):
    """Where a crop lies.

    Attributes:
        matrix: (2, 3), picture to crop pixels.
        width: Width of the crop, px.
        height: Height of the crop, px.
    """

    matrix: NDArray[np.float64]
    width: int
    height: int


def crop_place(face: Detection, settings: FaceSettings) -> Place:
    """Where the crop of a face lies: upright and square if the settings say so.

    A face that cannot be laid on the template is turned by its roll alone; one whose roll cannot
    be told is not turned.
    """
    frame = _frame(face, settings)
    reduced = min(1.0, MAX_CROP_SIDE_PX / max(frame.width, frame.height))
    width, height = (max(round(side * reduced), 1) for side in (frame.width, frame.height))
    if reduced == 1.0:
        frame = Frame(frame.centre, float(width), float(height), frame.roll)
    return Place(crop_matrix(frame, width, height), width, height)


def visible_share(place: Place, width: int, height: int) -> float:
    """Share of a crop that lies within a picture of ``width`` by ``height`` px, [0, 1]."""
    steps = (np.arange(_PROBES) + 0.5) / _PROBES
    x, y = np.meshgrid(steps * place.width, steps * place.height)
    points = _in_picture(np.column_stack([x.ravel(), y.ravel()]), place.matrix)
    return float(((points >= 0) & (points <= (width, height))).all(axis=1).mean())


def cut(image: RgbImage, place: Place) -> RgbImage:
    """The pixels of a crop, (height, width, 3).

    What lies outside the picture repeats its edge pixels: reflection would show a second eye or
    mouth to whoever labels the crop, and black bars would be taken for hair.
    """
    import cv2

    # OpenCV counts coordinates from the centres of pixels and refuses pictures with a side above
    # 32,767 px, so it gets only the part of the picture that the crop can see.
    x, y, part = _visible_part(image, place)
    linear = place.matrix[:, :2]
    shift = place.matrix[:, 2] + linear @ (x + 0.5, y + 0.5) - 0.5
    warped = cv2.warpAffine(
        part,
        np.column_stack([linear, shift]),
        (place.width, place.height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(warped, dtype=np.uint8)


def recut(row: Mapping[str, Any], image: RgbImage) -> RgbImage:
    """The pixels of a stored crop anew, as they were before they were encoded.

    Args:
        row: A row of FACE_CROPS whose status is ``kept``.
        image: Its picture, decoded by ``shards.images.decode_rgb``.

    Raises:
        ValueError: If the row has no crop, or the picture is not of its size.
    """
    if row["crop_matrix"] is None:
        raise ValueError(f"{row['face_id'] or row['key']} has no crop: {row['drop_reason']}")
    height, width = image.shape[:2]
    if (width, height) != (row["original_width"], row["original_height"]):
        raise ValueError(
            f"{row['face_id']} is from a picture of {row['original_width']} by "
            f"{row['original_height']} px, not {width} by {height}"
        )
    matrix = np.array(row["crop_matrix"], np.float64).reshape(2, 3)
    return cut(image, Place(matrix, row["width"], row["height"]))


def _frame(face: Detection, settings: FaceSettings) -> Frame:
    box, margin = face.bbox_xyxy, settings.margin
    if settings.align == "similarity":
        frame = frame_by_template(face.landmarks, box, margin)
        if frame is not None:
            return frame
    roll = None if settings.align == "none" else roll_degrees(face.landmarks, box)
    return frame_by_box(box, margin, roll or 0.0, is_square=settings.shape == "square")


def _in_picture(points: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (N, 2) of the crop, in px of the picture."""
    found: NDArray[np.float64] = (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    return found


def _visible_part(image: RgbImage, place: Place) -> tuple[int, int, RgbImage]:
    """Left, top and pixels of the part of the picture that a crop can see."""
    corners = np.array([(x, y) for x in (0.0, place.width) for y in (0.0, place.height)])
    in_picture = _in_picture(corners, place.matrix)
    height, width = image.shape[:2]
    low, high = in_picture.min(axis=0), in_picture.max(axis=0)
    x0, y0 = (max(math.floor(v) - _INTERPOLATION_REACH, 0) for v in low)
    x1 = min(math.ceil(high[0]) + _INTERPOLATION_REACH, width)
    y1 = min(math.ceil(high[1]) + _INTERPOLATION_REACH, height)
    return x0, y0, np.ascontiguousarray(image[y0:y1, x0:x1])
