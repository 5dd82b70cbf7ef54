import math

import numpy as np
import pytest

from facecaption_assets.faces.detection import Landmarks
from facecaption_assets.faces.pose import NOSE_REACH, yaw_degrees

#: Eyes, nose and corners of the mouth of a head that looks at the viewer: x, y, depth.
HEAD = np.array(
    [(-1, -1, 0), (1, -1, 0), (0, 0, NOSE_REACH), (-0.7, 1, 0.3), (0.7, 1, 0.3)], np.float64
)


def seen(yaw: float, roll: float = 0.0) -> Landmarks:
    """The head from afar, turned; eyes in the viewer's order up to 90 degrees."""
    turn, tilt = math.radians(yaw), math.radians(roll)
    x = HEAD[:, 0] * math.cos(turn) + HEAD[:, 2] * math.sin(turn)
    y = HEAD[:, 1]
    points = np.column_stack(
        [x * math.cos(tilt) - y * math.sin(tilt), x * math.sin(tilt) + y * math.cos(tilt)]
    )
    a, b, c, d, e = (tuple(point) for point in 40 * points + 200)
    return a, b, c, d, e


@pytest.mark.parametrize("yaw", [-80, -30, 0, 10, 45, 80])
@pytest.mark.parametrize("roll", [0, -25, 100])
def test_yaw_is_that_of_the_head(yaw: float, roll: float) -> None:
    # The mouth lies deeper than the eyes here, which tilts the axis to it a little.
    assert yaw_degrees(seen(yaw, roll)) == pytest.approx(yaw, abs=9)
    assert yaw_degrees(seen(-yaw, roll)) == pytest.approx(-yaw_degrees(seen(yaw, roll)), abs=9)


def test_a_head_that_looks_at_the_viewer_has_no_yaw() -> None:
    assert yaw_degrees(seen(0, 33)) == pytest.approx(0, abs=1e-9)


def test_the_nose_to_the_viewers_right_is_positive() -> None:
    assert yaw_degrees(((0, 0), (20, 0), (15, 10), (2, 20), (18, 20))) > 20


@pytest.mark.parametrize("landmarks", [None, ((3, 3),) * 5, ((math.nan, 0), *((1, 1),) * 4)])
def test_without_landmarks_there_is_no_yaw(landmarks: Landmarks | None) -> None:
    assert yaw_degrees(landmarks) is None
