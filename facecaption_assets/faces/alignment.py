"""How far a head is turned in the picture plane, and the rectangle that sets it upright.

Geometry only, no pixels; the crop is cut by ``cropping``. Coordinates follow ``detection``: a
pixel covers [i, i + 1), y points down, angles grow clockwise.
"""

import math
from dataclasses import dataclass
from typing import Final, TypeGuard

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

#: Where ArcFace puts eyes, nose and corners of the mouth in a square of 112 px.
#: Source: https://github.com/deepinsight/insightface, ``face_align.py``, ``arcface_dst``.
TEMPLATE: Final = np.array(
    [38.2946, 51.6963, 73.5318, 51.5014, 56.0252, 71.7366, 41.5493, 92.3655, 70.7299, 92.2041]
).reshape(5, 2)
#: Longer side and centre of the box that the detector draws around such a face, px of the
#: template: medians over the 214 frontal faces of the sample pictures.
TEMPLATE_BOX_SIDE: Final = 113.5
TEMPLATE_BOX_CENTRE: Final = (56.0, 62.2)
#: Landmarks further from the template than this, root mean square in px of it, are a profile's
#: or wrong: frontal faces of the sample stay below 6.2, half profiles begin at 8.9.
MAX_MISFIT: Final = 7.0
#: The square by the template must be of about the size of the one by the box, either way.
MAX_SIZE_RATIO: Final = 1.33


@dataclass(frozen=True)
class Frame:
    """A rectangle in the picture that becomes a crop.

    Attributes:
        centre: Its centre, px of the picture.
        width: Its width along the head's horizontal, px of the picture.
        height: Its height, px of the picture.
        roll: Clockwise angle by which it is turned, and the crop is turned back, degrees.
    """

    centre: Point
    width: float
    height: float
    roll: float = 0.0


def roll_degrees(landmarks: Landmarks | None, box: Box) -> float | None:
    """Clockwise roll of the head, in (-180, 180]; None where it cannot be told.

    It is the direction from one eye to the other. Landmarks that contradict each other tell
    nothing: a crop that is not turned is right more often than one that is turned by noise.
    """
    if not are_finite(landmarks):
        return None
    eye, other_eye, _, corner, other_corner = landmarks
    if math.dist(eye, other_eye) < MIN_EYE_DISTANCE * max(box[2] - box[0], box[3] - box[1]):
        return None
    by_eyes = _direction(eye, other_eye)
    by_axis = _direction(middle(eye, other_eye), middle(corner, other_corner)) - 90.0
    return by_eyes if abs(_wrap(by_eyes - by_axis)) <= MAX_DISAGREEMENT else None


def frame_by_box(box: Box, margin: float, roll: float, *, is_square: bool) -> Frame:
    """The frame around a box's centre.

    Args:
        box: Face in the picture.
        margin: Sides of the frame relative to the box's: to the longer one of a square frame.
        roll: Clockwise angle of the head, degrees.
        is_square: Whether the frame is square, or has the box's proportions.
    """
    width, height = box[2] - box[0], box[3] - box[1]
    if is_square:
        width = height = max(width, height)
    centre = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return Frame(centre, width * margin, height * margin, _visible(roll))


def frame_by_template(landmarks: Landmarks | None, box: Box, margin: float) -> Frame | None:
    """The square frame in which all five landmarks lie nearest to where the template has them.

    It is the least-squares similarity transform, that is, position, size and roll. Of the size
    and position that ``frame_by_box`` gives a frontal face on average, so that a margin means
    the same for both.

    Returns:
        The frame; None where the landmarks do not fit the template, as those of a profile, or
        fit it in another size than the box has, or beside the box.
    """
    if not are_finite(landmarks):
        return None
    (a, b, x, y), misfit = _similarity(TEMPLATE, np.array(landmarks, np.float64))
    scale = math.hypot(a, b)
    side = TEMPLATE_BOX_SIDE * scale
    ratio = side / max(box[2] - box[0], box[3] - box[1])
    if misfit > MAX_MISFIT * scale or not 1 / MAX_SIZE_RATIO <= ratio <= MAX_SIZE_RATIO:
        return None
    u, v = TEMPLATE_BOX_CENTRE
    centre = a * u - b * v + x, b * u + a * v + y
    if not (box[0] <= centre[0] <= box[2] and box[1] <= centre[1] <= box[3]):
        return None
    roll = _visible(math.degrees(math.atan2(b, a)))
    return Frame(centre, side * margin, side * margin, roll)


def crop_matrix(frame: Frame, out_width: int, out_height: int) -> NDArray[np.float64]:
    """Transform from the picture to a crop of the frame.

    Args:
        frame: What is cut out.
        out_width: Width of the crop, px.
        out_height: Height of the crop, px.

    Returns:
        (2, 3): x' = a x + b y + tx, y' = c x + d y + ty, in numbers that float32 holds exactly.
        Without roll and scale the shift is in whole pixels, so that the crop is an exact copy.
    """
    angle = math.radians(frame.roll)
    cos, sin = math.cos(angle), math.sin(angle)
    scales = np.array([[out_width / frame.width], [out_height / frame.height]])
    linear = scales * np.array([[cos, sin], [-sin, cos]])
    shift = np.array([out_width, out_height]) / 2 - linear @ frame.centre
    if frame.roll == 0.0 and (scales == 1.0).all():
        shift = np.round(shift)
    return np.column_stack([linear, shift]).astype(np.float32).astype(np.float64)


def middle(one: Point, other: Point) -> Point:
    """The point half-way between two."""
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def are_finite(landmarks: Landmarks | None) -> TypeGuard[Landmarks]:
    """Whether there are landmarks, and all of them numbers."""
    return landmarks is not None and bool(np.isfinite(landmarks).all())


def _similarity(
    points: NDArray[np.float64], goals: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """a, b, s, t of x' = a x - b y + s, y' = b x + a y + t, and the root mean square error."""
    x, y = points.T
    one, zero = np.ones_like(x), np.zeros_like(x)
    rows = np.concatenate([np.column_stack([x, -y, one, zero]), np.column_stack([y, x, zero, one])])
    wanted = goals.T.ravel()
    solution = np.linalg.lstsq(rows, wanted)[0]
    return solution, float(np.sqrt(np.sum((rows @ solution - wanted) ** 2) / len(points)))


def _visible(roll: float) -> float:
    return roll if abs(roll) >= MIN_ROLL else 0.0


def _direction(start: Point, end: Point) -> float:
    return math.degrees(math.atan2(end[1] - start[1], end[0] - start[0]))


def _wrap(degrees: float) -> float:
    return (degrees + 180.0) % 360.0 - 180.0
