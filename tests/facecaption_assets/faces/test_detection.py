import math

import numpy as np
import pytest

from facecaption_assets.faces.detection import Detection, detection_from, rank_faces

UPRIGHT = np.array([(40, 40), (60, 40), (50, 50), (42, 62), (58, 62)], np.float32)
SWAPPED = UPRIGHT[[1, 0, 2, 4, 3]]
BOX = np.array([30, 25, 70, 75], np.float32)


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return np.asarray((points - 50) @ turn.T + 50, np.float32)


def test_faces_are_ranked_by_score_and_then_by_position() -> None:
    right = Detection((50, 0, 60, 10), 0.7)
    left = Detection((10, 0, 20, 10), 0.7)
    best = Detection((80, 0, 90, 10), 0.9)
    assert rank_faces([right, left, best], 100, 100) == [best, left, right]


def test_boxes_are_clipped_to_the_picture() -> None:
    (face,) = rank_faces([Detection((-5, -5, 120, 50), 0.7)], 100, 40)
    assert face.bbox_xyxy == (0, 0, 100, 40)


@pytest.mark.parametrize("box", [(-20, 0, -5, 10), (10, 10, 10, 30), (99.5, 0, 130, 30)])
def test_a_box_without_area_in_the_picture_is_no_face(
    box: tuple[float, float, float, float],
) -> None:
    assert rank_faces([Detection(box, 0.9)], 100, 100) == []


@pytest.mark.parametrize("roll", [0, 45, 90, 180, 270])
@pytest.mark.parametrize("points", [UPRIGHT, SWAPPED])
def test_the_viewers_left_eye_comes_first_at_any_roll(points: np.ndarray, roll: float) -> None:
    face = detection_from(BOX, 0.8, turned(points, roll))
    np.testing.assert_allclose(np.array(face.landmarks), turned(UPRIGHT, roll), atol=1e-4)


@pytest.mark.parametrize("points", [None, np.zeros((0, 2)), np.zeros((17, 2))])
def test_anything_but_five_points_is_no_landmarks(points: np.ndarray | None) -> None:
    assert detection_from(BOX, 0.8, points) == Detection((30, 25, 70, 75), 0.8, None)
