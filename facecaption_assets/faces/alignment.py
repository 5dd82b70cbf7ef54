"""How far a head is turned in the picture plane, and the transform that sets it upright.

Geometry only, no pixels; the crop is cut by ``cropping``. Coordinates follow ``detection``: a
pixel covers [i, i + 1), y points down, angles grow clockwise.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.faces.detection import Box, Landmarks, Point

#: Eyes closer together than this share of the box's longer side are those of a profile, or
#: landmarks that have collapsed: their direction is noise.
MIN_EYE_DISTANCE: Final = 0.15
#: The eyes and the axis from eyes to mouth must agree on the roll, degrees.
MAX_DISAGREEMENT: Final = 20.0
#: Below this nobody sees the tilt, and a crop that is not resampled is sharper, degrees.
MIN_ROLL: Final = 1.0


def roll_degrees(landmarks: Landmarks | None, box: Box) -> float:
    """Clockwise roll of the head, in (-180, 180]; 0 where it is slight or cannot be told.

    It is the direction from one eye to the other. Landmarks that contradict each other give 0: a
    crop that is not turned is right more often than one that is turned by noise.
    """
    if landmarks is None or not all(math.isfinite(v) for point in landmarks for v in point):
        return 0.0
    eye, other_eye, _, corner, other_corner = landmarks
    if math.dist(eye, other_eye) < MIN_EYE_DISTANCE * max(box[2] - box[0], box[3] - box[1]):
        return 0.0
    by_eyes = _direction(eye, other_eye)
    by_axis = _direction(_middle(eye, other_eye), _middle(corner, other_corner)) - 90.0
    if abs(_wrap(by_eyes - by_axis)) > MAX_DISAGREEMENT or abs(by_eyes) < MIN_ROLL:
        return 0.0
    return by_eyes


def crop_matrix(box: Box, side: float, roll: float, out_side: int) -> NDArray[np.float64]:
    """Similarity transform from the picture to a square crop around the box's centre.

    Args:
        box: Face in the picture.
        side: Side of the square in the picture, px.
        roll: Angle that is turned back, degrees clockwise.
        out_side: Side of the crop, px.

    Returns:
        (2, 3): x' = a x + b y + tx, y' = c x + d y + ty. Without roll and scale the shift is in
        whole pixels, so that the crop is an exact copy.
    """
    scale, angle = out_side / side, math.radians(roll)
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    linear = np.array([[cos, sin], [-sin, cos]])
    centre = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
    shift = out_side / 2 - linear @ centre
    if roll == 0.0 and scale == 1.0:
        shift = np.round(shift)
    return np.column_stack([linear, shift])


def _direction(start: Point, end: Point) -> float:
    return math.degrees(math.atan2(end[1] - start[1], end[0] - start[0]))


def _middle(one: Point, other: Point) -> Point:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def _wrap(degrees: float) -> float:
    return (degrees + 180.0) % 360.0 - 180.0
