"""What a face detector finds, and what every detector can do.

The detectors themselves are in ``yolo``; what becomes of a face belongs
to ``cropping``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: Upright picture, (H, W, 3), RGB.
RgbImage: TypeAlias = NDArray[np.uint8]
Point: TypeAlias = tuple[float, float]
Landmarks: TypeAlias = tuple[Point, Point, Point, Point, Point]
#: Left, top, right, bottom.
Box: TypeAlias = tuple[float, float, float, float]


@dataclass(frozen=True)
class Detection:
    """One face.

    Coordinates are pixels of the picture that was given: a pixel covers [i, i + 1), so x lies in
    [0, width] and y in [0, height].

    Attributes:
        bbox_xyxy: The box.
        score: The detector's confidence, [0, 1]; comparable within one detector only.
        landmarks: The eye on the viewer's left when the head is upright, the other eye, nose, and
            the corners of the mouth in the same order; None where the detector gives none.
    """

    bbox_xyxy: Box
    score: float
    landmarks: Landmarks | None = None


class Detector(Protocol):
    """Finds faces; loaded once and used for many pictures."""

    @property
    def name(self) -> str:
        """What the detector is, for people."""

    @property
    def image_size(self) -> int:
        """Longest side that the detector sees, px: more resolution than that is wasted on it."""

    def input_shape(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of what it sees of such a picture; equal ones share a call."""

    def detect(self, images: Sequence[RgbImage]) -> list[list[Detection]]:
        """Faces of each picture, in any order; pictures may differ in size."""


def detection_from(
    box: NDArray[np.float32], score: float, points: NDArray[np.float32] | None
) -> Detection:
    """A detection from a model's numbers.

    Args:
        box: (4,), left, top, right, bottom.
        score: Confidence.
        points: (5, 2) landmarks; anything but five points is no landmarks.
    """
    left, top, right, bottom = (float(v) for v in box)
    if points is None or len(points) != 5:
        return Detection((left, top, right, bottom), float(score))
    eye, other_eye, nose, corner, other_corner = ((float(x), float(y)) for x, y in points)
    landmarks = _in_viewer_order((eye, other_eye, nose, corner, other_corner))
    return Detection((left, top, right, bottom), float(score), landmarks)


def _in_viewer_order(landmarks: Landmarks) -> Landmarks:
    """Swap left and right where a model was trained with the other convention.

    Seen from the eyes' line, the mouth is on the clockwise side of left-to-right at any roll.
    """
    eye, other_eye, nose, corner, other_corner = landmarks
    along = (other_eye[0] - eye[0], other_eye[1] - eye[1])
    down = (
        corner[0] + other_corner[0] - eye[0] - other_eye[0],
        corner[1] + other_corner[1] - eye[1] - other_eye[1],
    )
    if along[0] * down[1] - along[1] * down[0] >= 0:
        return landmarks
    return other_eye, eye, nose, other_corner, corner


def rank_faces(detections: Sequence[Detection], width: int, height: int) -> list[Detection]:
    """Faces in the order that numbers them: best score first, then by position.

    Boxes are clipped to the picture; what has no area then is no face.
    """
    clipped = [replace(d, bbox_xyxy=_clip(d.bbox_xyxy, width, height)) for d in detections]
    faces = [d for d in clipped if _has_area(d.bbox_xyxy)]
    return sorted(faces, key=lambda d: (-d.score, d.bbox_xyxy))


def _clip(box: Box, width: int, height: int) -> Box:
    left, top, right, bottom = box
    return max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))


def _has_area(box: Box) -> bool:
    return box[2] - box[0] >= 1.0 and box[3] - box[1] >= 1.0
