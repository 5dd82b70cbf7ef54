"""Which faces are kept, and the crop of one.

Where the crop lies is worked out by ``alignment``; rows and files belong to ``face_crops``.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.faces.alignment import crop_matrix, roll_degrees
from facecaption_assets.faces.detection import Detection, RgbImage
from facecaption_assets.faces.settings import FaceSettings

#: Longest side of a crop, px. Crops keep the picture's own resolution and are never enlarged; a
#: larger one is reduced, so that no picture can make a crop that does not fit into memory.
MAX_CROP_SIDE_PX: Final = 4096
#: Pixels around the crop that the interpolation reads.
_INTERPOLATION_REACH: Final = 4


@dataclass(frozen=True)
class Crop:
    """A square face crop.

    Attributes:
        pixels: (S, S, 3), RGB.
        matrix: (2, 3), picture to crop pixels.
    """

    pixels: RgbImage
    matrix: NDArray[np.float64]


def drop_reason(face: Detection, settings: FaceSettings) -> str | None:
    """Why a face is not kept: ``low_confidence``, ``too_small``, or None.

    Both limits are inclusive: a face exactly at them is kept.
    """
    left, top, right, bottom = face.bbox_xyxy
    if face.score < settings.score_limit:
        return "low_confidence"
    if min(right - left, bottom - top) < settings.min_side_px:
        return "too_small"
    return None


def crop_face(image: RgbImage, face: Detection, settings: FaceSettings) -> Crop:
    """Cut the square around a face, upright if the settings say so.

    What lies outside the picture repeats its edge pixels: reflection would show a second eye or
    mouth to whoever labels the crop, and black bars would be taken for hair.
    """
    left, top, right, bottom = face.bbox_xyxy
    side = max(right - left, bottom - top) * settings.margin
    out_side = min(max(round(side), 1), MAX_CROP_SIDE_PX)
    if out_side < MAX_CROP_SIDE_PX:
        side = float(out_side)
    roll = roll_degrees(face.landmarks, face.bbox_xyxy) if settings.align else 0.0
    matrix = crop_matrix(face.bbox_xyxy, side, roll, out_side)
    return Crop(_warp(image, matrix, out_side), matrix)


def _warp(image: RgbImage, matrix: NDArray[np.float64], out_side: int) -> RgbImage:
    import cv2

    # OpenCV counts coordinates from the centres of pixels and refuses pictures with a side above
    # 32,767 px, so it gets only the part of the picture that the crop can see.
    x, y, part = _visible_part(image, matrix, out_side)
    linear = matrix[:, :2]
    shift = matrix[:, 2] + linear @ (x + 0.5, y + 0.5) - 0.5
    warped = cv2.warpAffine(
        part,
        np.column_stack([linear, shift]),
        (out_side, out_side),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(warped, dtype=np.uint8)


def _visible_part(
    image: RgbImage, matrix: NDArray[np.float64], out_side: int
) -> tuple[int, int, RgbImage]:
    corners = np.array([(0, 0), (0, out_side), (out_side, 0), (out_side, out_side)])
    in_picture = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    height, width = image.shape[:2]
    low, high = in_picture.min(axis=0), in_picture.max(axis=0)
    x0, y0 = (max(math.floor(v) - _INTERPOLATION_REACH, 0) for v in low)
    x1 = min(math.ceil(high[0]) + _INTERPOLATION_REACH, width)
    y1 = min(math.ceil(high[1]) + _INTERPOLATION_REACH, height)
    return x0, y0, np.ascontiguousarray(image[y0:y1, x0:x1])
