from typing import NamedTuple

import numpy as np
import pytest

from facecaption_assets.faces.alignment import TEMPLATE, Frame, crop_matrix
from facecaption_assets.faces.cropping import (
    MAX_CROP_SIDE_PX,
    Place,
    crop_place,
    cut,
    recut,
    visible_share,
)
from facecaption_assets.faces.detection import Detection, Landmarks
from facecaption_assets.faces.settings import FaceSettings

SETTINGS = FaceSettings(margin=1.5, align="roll")
TILTED: Landmarks = ((50, 40), (50, 60), (40, 50), (28, 42), (28, 58))


class Crop(NamedTuple):
    pixels: np.ndarray
    matrix: np.ndarray


def gradient(width: int = 200, height: int = 100) -> np.ndarray:
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([x, y, x + y], axis=-1).astype(np.uint8)


def crop_face(image: np.ndarray, face: Detection, settings: FaceSettings) -> Crop:
    place = crop_place(face, settings)
    return Crop(cut(image, place), place.matrix)


def test_an_upright_crop_is_an_exact_copy_of_its_square() -> None:
    image = gradient()
    crop = crop_face(image, Detection((80, 30, 120, 70), 0.9), SETTINGS)
    np.testing.assert_array_equal(crop.pixels, image[20:80, 70:130])
    np.testing.assert_array_equal(crop.matrix, [[1, 0, -70], [0, 1, -20]])


def test_beyond_the_picture_its_edge_is_repeated() -> None:
    image = gradient()
    crop = crop_face(image, Detection((0, 0, 40, 40), 0.9), SETTINGS)
    expected = np.pad(image[:50, :50], ((10, 0), (10, 0), (0, 0)), mode="edge")
    np.testing.assert_array_equal(crop.pixels, expected)


def test_a_tilted_face_is_turned_upright_without_scaling() -> None:
    image = gradient()
    crop = crop_face(image, Detection((20, 30, 60, 70), 0.9, TILTED), SETTINGS)
    # The head lies on its side by 90 degrees clockwise, so its crop is the square turned back.
    np.testing.assert_array_equal(crop.pixels, np.rot90(image[20:80, 10:70]))


def test_alignment_can_be_switched_off() -> None:
    image = gradient()
    face = Detection((20, 30, 60, 70), 0.9, TILTED)
    crop = crop_face(image, face, FaceSettings(margin=1.5, align="none"))
    np.testing.assert_array_equal(crop.pixels, image[20:80, 10:70])


@pytest.mark.parametrize("roll", [False, True])
def test_the_matrix_maps_the_picture_to_the_crop(roll: bool) -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    image[98:103, 118:123] = 255
    landmarks: Landmarks = ((90, 85), (110, 95), (97, 101), (82, 105), (97, 112))
    face = Detection((70, 70, 130, 130), 0.9, landmarks if roll else None)
    crop = crop_face(image, face, SETTINGS)
    weights = crop.pixels[..., 0].astype(float)
    y, x = np.indices(weights.shape)
    centre = ((x + 0.5) * weights).sum(), ((y + 0.5) * weights).sum()
    np.testing.assert_allclose(
        np.array(centre) / weights.sum(), crop.matrix @ (120.5, 100.5, 1), atol=0.05
    )


def test_the_crop_keeps_the_resolution_of_a_picture_too_wide_for_opencv() -> None:
    image = np.zeros((60, 40_000, 3), np.uint8)
    image[:, 39_980:] = 200
    crop = crop_face(image, Detection((39_960, 10, 40_000, 50), 0.9), SETTINGS)
    assert crop.pixels.shape == (60, 60, 3)
    assert (crop.pixels[:, 30:] == 200).all()
    assert (crop.pixels[:, :30] == 0).all()


def test_a_huge_crop_is_reduced() -> None:
    image = gradient(6000, 20)
    crop = crop_face(image, Detection((0, 0, 6000, 20), 0.9), SETTINGS)
    assert crop.pixels.shape == (MAX_CROP_SIDE_PX, MAX_CROP_SIDE_PX, 3)
    np.testing.assert_allclose(
        crop.matrix @ (3000, 10, 1), (MAX_CROP_SIDE_PX / 2, MAX_CROP_SIDE_PX / 2)
    )


def test_the_smallest_face_has_a_crop() -> None:
    crop = crop_face(gradient(), Detection((5, 5, 6, 6), 0.9), FaceSettings(margin=0.1))
    assert crop.pixels.shape == (1, 1, 3)


def test_a_crop_as_detected_has_the_proportions_of_its_box() -> None:
    image = gradient()
    settings = FaceSettings(margin=1.5, align="roll", shape="as_detected")
    crop = crop_face(image, Detection((80, 40, 120, 60), 0.9), settings)
    np.testing.assert_array_equal(crop.pixels, image[35:65, 70:130])


def test_a_face_like_the_template_has_its_landmarks_in_fixed_places() -> None:
    settings = FaceSettings(margin=1.5, align="similarity")
    seen = []
    for scale, shift in ((1.0, (40.0, 30.0)), (2.5, (300.0, 11.0))):
        points = TEMPLATE * scale + shift
        box = (*(np.array((0, 6)) * scale + shift), *(np.array((112, 118)) * scale + shift))
        a, b, c, d, e = (tuple(p) for p in points)
        place = crop_place(Detection(box, 0.9, (a, b, c, d, e)), settings)
        seen.append((points @ place.matrix[:, :2].T + place.matrix[:, 2]) / place.width)
    np.testing.assert_allclose(seen[0], seen[1], atol=0.01)


def test_a_profile_is_turned_by_its_roll_where_it_cannot_be_laid_on_the_template() -> None:
    profile: Landmarks = ((60, 40), (75, 46), (90, 60), (60, 80), (68, 83))
    face = Detection((30, 15, 100, 100), 0.9, profile)
    by_roll = crop_place(face, FaceSettings(align="roll"))
    by_template = crop_place(face, FaceSettings(align="similarity"))
    np.testing.assert_array_equal(by_template.matrix, by_roll.matrix)


@pytest.mark.parametrize(
    ("box", "share"),
    [((80, 30, 120, 70), 1.0), ((-20, 30, 20, 70), 0.5), ((180, 80, 220, 120), 0.25)],
)
def test_the_visible_share_is_that_of_the_crop_which_lies_in_the_picture(box, share) -> None:
    place = crop_place(Detection(box, 0.9), SETTINGS)
    assert visible_share(place, 200, 100) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize(
    ("width", "height", "share"), [(200, 200, 1.0), (100, 200, 0.5), (200, 150, 0.875)]
)
def test_the_visible_share_of_a_turned_crop_counts_its_corners(width, height, share) -> None:
    diamond = crop_matrix(Frame((100, 100), 141, 141, 45.0), 141, 141)
    assert visible_share(Place(diamond, 141, 141), width, height) == pytest.approx(share, abs=0.02)


def test_a_row_of_another_picture_or_without_a_crop_cannot_be_cut_again() -> None:
    row = {
        "face_id": "a-0",
        "key": "a",
        "drop_reason": "too_small",
        "crop_matrix": None,
        "original_width": 100,
        "original_height": 50,
    }
    with pytest.raises(ValueError, match="a-0 has no crop: too_small"):
        recut(row, gradient())
    with pytest.raises(ValueError, match="a-0 is from a picture of 100 by 50 px, not 200 by 100"):
        recut(row | {"crop_matrix": [1.0, 0, 0, 0, 1, 0]}, gradient())


def test_landmarks_outside_the_picture_do_not_move_the_crop_out_of_it() -> None:
    x, y = TEMPLATE.T * 2 + 5000
    eye, other_eye, nose, corner, other_corner = zip(x.tolist(), y.tolist(), strict=True)
    landmarks = eye, other_eye, nose, corner, other_corner
    face = Detection((100.0, 100.0, 300.0, 300.0), 0.9, landmarks)
    place = crop_place(face, FaceSettings(margin=1.0))
    assert cut(np.full((400, 400, 3), 9, np.uint8), place).shape == (200, 200, 3)
