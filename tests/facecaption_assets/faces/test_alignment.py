import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecaption_assets.faces.alignment import crop_matrix, roll_degrees
from facecaption_assets.faces.detection import Landmarks

BOX = (30.0, 25.0, 70.0, 75.0)
UPRIGHT: Landmarks = ((40, 40), (60, 40), (50, 50), (42, 62), (58, 62))


def turned(degrees: float) -> Landmarks:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    a, b, c, d, e = (
        (50 + cos * (x - 50) - sin * (y - 50), 50 + sin * (x - 50) + cos * (y - 50))
        for x, y in UPRIGHT
    )
    return a, b, c, d, e


@pytest.mark.parametrize("degrees", [-150, -90, -10, 1.5, 30, 90, 179])
def test_roll_is_clockwise_degrees(degrees: float) -> None:
    assert roll_degrees(turned(degrees), BOX) == pytest.approx(degrees)


def test_a_slight_roll_is_left_alone() -> None:
    assert roll_degrees(turned(0.9), BOX) == 0.0


@pytest.mark.parametrize(
    "landmarks",
    [
        None,
        ((50, 40), (52, 44), (50, 50), (42, 62), (58, 62)),
        ((50, 50),) * 5,
        ((40, 40), (60, 40), (50, 50), (80, 62), (95, 62)),
        ((math.nan, 40), (60, 40), (50, 50), (42, 62), (58, 62)),
    ],
    ids=["none", "eyes too close", "collapsed", "mouth beside the eyes", "not a number"],
)
def test_landmarks_that_cannot_be_right_do_not_turn_the_crop(landmarks: Landmarks | None) -> None:
    assert roll_degrees(landmarks, BOX) == 0.0


@settings(deadline=None)
@given(
    roll=st.floats(-179, 180),
    left=st.floats(-50, 500),
    top=st.floats(-50, 500),
    width=st.floats(10, 300),
    out_side=st.integers(8, 300),
)
def test_the_transform_is_a_similarity_that_keeps_the_box_in_the_middle(
    roll: float, left: float, top: float, width: float, out_side: int
) -> None:
    side = 1.5 * width
    matrix = crop_matrix((left, top, left + width, top + width), side, roll, out_side)
    linear, scale = matrix[:, :2], out_side / side
    np.testing.assert_allclose(linear @ linear.T, np.eye(2) * scale**2, atol=1e-9)
    middle = matrix @ (left + width / 2, top + width / 2, 1)
    np.testing.assert_allclose(middle, out_side / 2, atol=0.51)


@pytest.mark.parametrize("degrees", [-75, 0, 20, 140])
def test_the_eyes_are_level_and_in_viewers_order_in_the_crop(degrees: float) -> None:
    landmarks = turned(degrees)
    matrix = crop_matrix(BOX, 75, roll_degrees(landmarks, BOX), 75)
    (left_x, left_y), (right_x, right_y) = (matrix @ (*point, 1) for point in landmarks[:2])
    assert left_y == pytest.approx(right_y)
    assert right_x - left_x == pytest.approx(20)


def test_a_crop_without_roll_and_scale_shifts_by_whole_pixels() -> None:
    matrix = crop_matrix((30.3, 25.1, 70.8, 75.2), 75, 0.0, 75)
    np.testing.assert_array_equal(matrix, [[1, 0, -13], [0, 1, -13]])
