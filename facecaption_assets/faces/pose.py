"""Which way a head is turned, from five landmarks.

The roll belongs to ``alignment``, which needs it for the crop. There is no pitch: how far a nose
reaches down between eyes and mouth differs as much between people as between poses.
"""

import math
from typing import Final

import numpy as np

from facecaption_assets.faces.alignment import are_finite, middle
from facecaption_assets.faces.detection import Landmarks

#: How far the tip of the nose stands out before the centres of the eyes, as a share of half their
#: distance. Source: MediaPipe's canonical face model, ``canonical_face_model.obj``: the nose's
#: tip is 4.01 before the eyes, which are 2 x 3.15 apart.
NOSE_REACH: Final = 1.27


def yaw_degrees(landmarks: Landmarks | None) -> float | None:
    """Estimated yaw of the head, [-90, 90], positive with the nose to the viewer's right.

    Seen from afar, a head turned by yaw shows its eyes at cos(yaw) of their distance, and the tip
    of its nose off their middle by sin(yaw) of its reach, so that yaw = atan(offset / (half the
    distance of the eyes x reach)), both measured at right angles to the axis from eyes to mouth.
    One shape serves for all heads and landmarks are those of a detector, so it tells frontal,
    half turned and profile apart, and no more; None without landmarks, or where they have
    collapsed.
    """
    if not are_finite(landmarks):
        return None
    eye, other_eye, nose, corner, other_corner = landmarks
    between = middle(eye, other_eye)
    axis = np.subtract(middle(corner, other_corner), between)
    length = float(np.hypot(*axis))
    if length < 1.0:
        return None
    across = np.array([axis[1], -axis[0]]) / length
    half = abs(float(np.subtract(other_eye, eye) @ across)) / 2
    offset = float(np.subtract(nose, between) @ across)
    return math.degrees(math.atan2(offset, half * NOSE_REACH))
