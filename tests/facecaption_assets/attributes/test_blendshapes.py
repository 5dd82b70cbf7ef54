import os

import numpy as np
import pytest

from facecaption_assets.attributes.blendshapes import _silenced_stderr, expression_probabilities


def points(gap: float = 0.0, left_eye: float = 0.33, right_eye: float = 0.33) -> np.ndarray:
    """478 points: a mouth 100 px wide, eyes 40 px wide, opened by these shares of the width."""
    p = np.zeros((478, 2))
    p[61], p[291] = (0, 200), (100, 200)
    p[13], p[14] = (50, 200 - 50 * gap), (50, 200 + 50 * gap)
    p[33], p[133], p[362], p[263] = (0, 100), (40, 100), (60, 100), (100, 100)
    p[159], p[145] = (20, 100 - 20 * left_eye), (20, 100 + 20 * left_eye)
    p[386], p[374] = (80, 100 - 20 * right_eye), (80, 100 + 20 * right_eye)
    return p


def judge(smile: tuple[float, float] = (0.0, 0.0), **face: float) -> dict[str, float]:
    shapes = dict(zip(("mouthSmileLeft", "mouthSmileRight"), smile, strict=True))
    return expression_probabilities(shapes, points(**face))


@pytest.mark.parametrize(
    ("corners", "low", "high"), [(0.001, 0, 0.05), (0.2, 0.4, 0.6), (0.8, 0.9, 1)]
)
def test_smile_grows_with_the_lifted_corners(corners: float, low: float, high: float) -> None:
    assert low < judge((corners, corners))["Smiling"] < high


def test_smile_is_that_of_both_corners_together() -> None:
    assert judge((0.1, 0.5))["Smiling"] == pytest.approx(judge((0.3, 0.3))["Smiling"])


@pytest.mark.parametrize("corner", [0.0, 1.0])
def test_smile_is_never_certain(corner: float) -> None:
    assert 0 < judge((corner, corner))["Smiling"] < 1


@pytest.mark.parametrize(
    ("gap", "low", "high"), [(0, 0, 0.15), (0.05, 0, 0.15), (0.1, 0.4, 0.6), (0.2, 0.85, 1)]
)
def test_mouth_is_open_where_the_lips_are_apart(gap: float, low: float, high: float) -> None:
    assert low < judge(gap=gap)["Mouth_Slightly_Open"] < high


def test_gaping_mouth_is_open_as_well() -> None:
    assert judge(gap=0.6)["Mouth_Slightly_Open"] > 0.85


def test_open_eyes_are_not_narrow() -> None:
    assert judge()["Narrow_Eyes"] < 0.15


@pytest.mark.parametrize("closed", ["left_eye", "right_eye"])
def test_nothing_is_said_of_an_eye_that_is_nearly_closed(closed: str) -> None:
    assert "Narrow_Eyes" not in judge(**{closed: 0.1})


def test_degenerate_points_do_not_divide_by_zero() -> None:
    shapes = {"mouthSmileLeft": 0.5, "mouthSmileRight": 0.5}
    probabilities = expression_probabilities(shapes, np.zeros((478, 2)))
    assert all(np.isfinite(list(probabilities.values())))


def test_native_noise_is_dropped_and_stderr_comes_back(capfd: pytest.CaptureFixture[str]) -> None:
    with _silenced_stderr():
        os.write(2, b"noise\n")
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"


def test_stderr_comes_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError), _silenced_stderr():
        raise RuntimeError
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"
