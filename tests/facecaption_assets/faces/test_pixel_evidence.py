import cv2
import numpy as np
import pytest

from facecaption_assets.faces.cropping import Place
from facecaption_assets.faces.edges import canny_edges
from facecaption_assets.faces.pixel_evidence import PixelEvidence, pixel_evidence

BOX = (64.0, 64.0, 192.0, 192.0)
WHOLE = Place(np.array([[1.0, 0, 0], [0, 1, 0]]), 256, 256)
NOISE = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)


def evidence(crop: np.ndarray, box=BOX, place: Place = WHOLE) -> PixelEvidence:
    return pixel_evidence(crop, canny_edges(crop), box, place)


def plain(red: int, green: int, blue: int) -> np.ndarray:
    return np.full((256, 256, 3), (red, green, blue), np.uint8)


def test_sharpness_is_the_variance_of_the_laplacian_of_the_box() -> None:
    grey = cv2.cvtColor(NOISE[64:192, 64:192].copy(), cv2.COLOR_RGB2GRAY).astype(float)
    padded = np.pad(grey, 1, mode="reflect")
    expected = (
        padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] - 4 * grey
    ).var()
    assert evidence(NOISE).sharpness == pytest.approx(expected)


def test_blur_lowers_the_sharpness() -> None:
    blurred = np.asarray(cv2.GaussianBlur(NOISE, (0, 0), 2), np.uint8)
    assert evidence(blurred).sharpness < evidence(NOISE).sharpness / 20


def test_an_enlarged_face_is_less_sharp() -> None:
    small = cv2.resize(NOISE, (64, 64), interpolation=cv2.INTER_AREA)
    large = np.asarray(cv2.resize(small, (256, 256), interpolation=cv2.INTER_CUBIC), np.uint8)
    assert evidence(large).sharpness < evidence(NOISE).sharpness / 4


def test_only_the_box_counts() -> None:
    crop = NOISE.copy()
    crop[64:192, 64:192] = 128
    found = evidence(crop)
    assert (found.sharpness, found.dark_share, found.bright_share) == (0, 0, 0)
    assert found.canny_edge_density > 0


@pytest.mark.parametrize(
    ("level", "dark", "bright"), [(0, 1, 0), (5, 1, 0), (6, 0, 0), (249, 0, 0), (250, 0, 1)]
)
def test_exposure_is_told_by_the_grey_levels(level: int, dark: float, bright: float) -> None:
    found = evidence(plain(level, level, level))
    assert found.brightness == pytest.approx(level / 255)
    assert (found.dark_share, found.bright_share) == (dark, bright)


def test_grey_has_no_colour_and_colours_are_told_as_hasler_and_suesstrunk_do() -> None:
    grey = np.repeat(NOISE[..., :1], 3, axis=2)
    assert evidence(grey).colourfulness == 0
    red, green, blue = (NOISE[64:192, 64:192, i].astype(float) for i in range(3))
    rg, yb = red - green, 0.5 * (red + green) - blue
    expected = np.sqrt(rg.std() ** 2 + yb.std() ** 2)
    expected += 0.3 * np.sqrt(rg.mean() ** 2 + yb.mean() ** 2)
    assert evidence(NOISE).colourfulness == pytest.approx(expected)


def test_the_box_is_followed_through_turn_and_scale() -> None:
    crop = plain(0, 0, 0)
    crop[100:150, 30:80] = 255
    # Quarter turn: x' = 256 - y, y' = x.
    place = Place(np.array([[0.0, -1, 256], [1, 0, 0]]), 256, 256)
    assert evidence(crop, (100, 176, 150, 226), place).brightness == 1


def test_a_box_outside_its_crop_leaves_the_whole_crop() -> None:
    assert evidence(plain(51, 51, 51), (900, 900, 950, 950)).brightness == pytest.approx(0.2)


def test_a_crop_of_one_pixel_is_measured() -> None:
    place = Place(np.array([[1.0, 0, 0], [0, 1, 0]]), 1, 1)
    assert evidence(np.zeros((1, 1, 3), np.uint8), (0, 0, 1, 1), place).dark_share == 1
