"""Evidence on a face from where it is: size, turn, neighbours, edges of the picture.

No pixels: those speak in ``pixel_evidence``. Which evidence drops a face belongs to ``judging``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from facecaption_assets.faces.alignment import roll_degrees
from facecaption_assets.faces.cropping import Place, visible_share
from facecaption_assets.faces.detection import Detection
from facecaption_assets.faces.overlap import overlaps
from facecaption_assets.faces.pose import yaw_degrees

#: A box this near to the picture's edge ends there because the picture does, as a share of the
#: picture's longer side: two of the pixels that a detector of 640 px sees.
BORDER_SHARE: Final = 2 / 640


@dataclass(frozen=True)
class PositionEvidence:
    """Evidence on one face; fields are columns of FACE_CROPS, where their meaning is told."""

    side_px: float
    image_share: float
    roll_deg: float | None
    yaw_deg: float | None
    max_overlap: float
    touches_border: bool
    visible_share: float


def position_evidence(
    faces: Sequence[Detection], places: Sequence[Place], width: int, height: int
) -> list[PositionEvidence]:
    """Evidence on each face of a picture.

    Args:
        faces: All faces of the picture that are reported, kept or not.
        places: Where their crops lie.
        width: Width of the picture, px.
        height: Height of the picture, px.
    """
    boxes = np.array([face.bbox_xyxy for face in faces], np.float64).reshape(-1, 4)
    shared, _ = overlaps(boxes, boxes)
    np.fill_diagonal(shared, 0.0)
    return [
        _evidence(face, place, float(most), width, height)
        for face, place, most in zip(faces, places, shared.max(axis=1, initial=0.0), strict=True)
    ]


def _evidence(
    face: Detection, place: Place, max_overlap: float, width: int, height: int
) -> PositionEvidence:
    left, top, right, bottom = face.bbox_xyxy
    near = max(width, height) * BORDER_SHARE
    return PositionEvidence(
        side_px=min(right - left, bottom - top),
        image_share=(right - left) * (bottom - top) / (width * height),
        roll_deg=roll_degrees(face.landmarks, face.bbox_xyxy),
        yaw_deg=yaw_degrees(face.landmarks),
        max_overlap=max_overlap,
        touches_border=min(left, top, width - right, height - bottom) <= near,
        visible_share=visible_share(place, width, height),
    )
