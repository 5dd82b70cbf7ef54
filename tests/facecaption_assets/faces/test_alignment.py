import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from facecaption_assets.faces.alignment import (
    TEMPLATE,
    TEMPLATE_BOX_CENTRE,
    TEMPLATE_BOX_SIDE,
    Frame,
    crop_matrix,
    frame_by_box,
    frame_by_template,
    roll_degrees,
)
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


@pytest.mark.parametrize(("roll", "turn"), [(0.9, 0.0), (-0.9, 0.0), (1.1, 1.1), (-40.0, -40.0)])
def test_a_slight_roll_is_left_alone(roll: float, turn: float) -> None:
    assert frame_by_box(BOX, 1.5, roll, is_square=True).roll == turn


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
def test_landmarks_that_cannot_be_right_tell_no_roll(landmarks: Landmarks | None) -> None:
    assert roll_degrees(landmarks, BOX) is None


def test_a_frame_by_the_box_is_square_or_has_its_proportions() -> None:
    assert frame_by_box(BOX, 1.5, 0.0, is_square=True) == Frame((50, 50), 75, 75, 0.0)
    assert frame_by_box(BOX, 1.5, 9.0, is_square=False) == Frame((50, 50), 60, 75, 9.0)


@settings(deadline=None)
@given(
    roll=st.floats(-179, 180),
    left=st.floats(-50, 500),
    top=st.floats(-50, 500),
    width=st.floats(10, 300),
    out_side=st.integers(8, 300),
)
def test_the_transform_is_a_similarity_that_keeps_the_frame_in_the_middle(
    roll: float, left: float, top: float, width: float, out_side: int
) -> None:
    frame = Frame((left, top), width, width, roll)
    matrix = crop_matrix(frame, out_side, out_side)
    linear, scale = matrix[:, :2], out_side / width
    np.testing.assert_allclose(linear @ linear.T, np.eye(2) * scale**2, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(matrix @ (left, top, 1), out_side / 2, atol=0.51)


@pytest.mark.parametrize("degrees", [-75, 0, 20, 140])
def test_the_eyes_are_level_and_in_viewers_order_in_the_crop(degrees: float) -> None:
    landmarks = turned(degrees)
    frame = frame_by_box(BOX, 1.5, roll_degrees(landmarks, BOX), is_square=True)
    matrix = crop_matrix(frame, 75, 75)
    (left_x, left_y), (right_x, right_y) = (matrix @ (*point, 1) for point in landmarks[:2])
    assert left_y == pytest.approx(right_y, abs=1e-4)
    assert right_x - left_x == pytest.approx(20)


def test_a_crop_without_roll_and_scale_shifts_by_whole_pixels() -> None:
    matrix = crop_matrix(Frame((50.55, 50.15), 75, 75), 75, 75)
    np.testing.assert_array_equal(matrix, [[1, 0, -13], [0, 1, -13]])


def test_the_numbers_of_a_transform_survive_a_column_of_float32() -> None:
    matrix = crop_matrix(Frame((4321.123, 9876.543), 77.7, 77.7, 12.3456789), 78, 78)
    np.testing.assert_array_equal(matrix.astype(np.float32), matrix)


def on_template(
    scale: float, roll: float, x: float, y: float, points: np.ndarray = TEMPLATE
) -> tuple[Landmarks, tuple[float, float, float, float], np.ndarray]:
    """Landmarks that are exactly the template, moved; with a box of its size, and the matrix."""
    cos, sin = scale * math.cos(math.radians(roll)), scale * math.sin(math.radians(roll))
    matrix = np.array([[cos, -sin, x], [sin, cos, y]])
    a, b, c, d, e = (tuple(matrix @ (*point, 1)) for point in points)
    centre = matrix @ (*TEMPLATE_BOX_CENTRE, 1)
    reach = scale * TEMPLATE_BOX_SIDE / 2
    return (a, b, c, d, e), (*(centre - reach), *(centre + reach)), matrix


@settings(deadline=None)
@given(
    scale=st.floats(0.2, 20),
    roll=st.floats(2, 178),
    x=st.floats(-500, 5000),
    y=st.floats(-500, 5000),
    margin=st.floats(0.5, 3),
)
def test_a_face_like_the_template_gets_the_frame_of_its_box_turned(
    scale: float, roll: float, x: float, y: float, margin: float
) -> None:
    landmarks, box, _ = on_template(scale, roll, x, y)
    frame = frame_by_template(landmarks, box, margin)
    np.testing.assert_allclose(frame.centre, ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
    np.testing.assert_allclose((frame.width, frame.height), margin * (box[2] - box[0]))
    assert frame.roll == pytest.approx(roll)


def test_the_frame_is_the_least_squares_similarity_of_the_reference() -> None:
    noise = np.random.default_rng(0).normal(0, 2, (5, 2))
    landmarks, box, _ = on_template(3.0, 17.0, 250.0, 90.0, TEMPLATE + noise)
    frame = frame_by_template(landmarks, box, 1.0)
    found = least_squares(
        lambda p: (TEMPLATE @ np.array([[p[0], p[1]], [-p[1], p[0]]]) + p[2:] - landmarks).ravel(),
        [1.0, 0.0, 0.0, 0.0],
    ).x
    assert frame.width == pytest.approx(TEMPLATE_BOX_SIDE * math.hypot(*found[:2]))
    assert frame.roll == pytest.approx(math.degrees(math.atan2(found[1], found[0])))


def test_landmarks_that_do_not_fit_the_template_or_the_box_give_no_frame() -> None:
    profile = TEMPLATE.copy()
    profile[:, 0] = 56 + (profile[:, 0] - 56) * 0.2
    profile[2, 0] += 25
    landmarks, box, _ = on_template(2.0, 0.0, 100.0, 100.0, profile)
    assert frame_by_template(landmarks, box, 1.5) is None
    landmarks, box, _ = on_template(2.0, 0.0, 100.0, 100.0)
    assert frame_by_template(landmarks, box, 1.5) is not None
    assert frame_by_template(landmarks, (100, 100, 110, 110), 1.5) is None
    assert frame_by_template(None, box, 1.5) is None
    assert frame_by_template(((math.nan, 1.0), *landmarks[1:]), box, 1.5) is None
    assert frame_by_template(((50, 50),) * 5, box, 1.5) is None


def test_landmarks_beside_the_box_give_no_frame() -> None:
    landmarks, box, _ = on_template(2.0, 0.0, 100.0, 100.0)
    elsewhere, _, _ = on_template(2.0, 0.0, 5000.0, 100.0)
    assert frame_by_template(landmarks, box, 1.5) is not None
    assert frame_by_template(elsewhere, box, 1.5) is None
