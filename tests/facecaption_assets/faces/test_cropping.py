import numpy as np
import pytest

from facecaption_assets.faces.cropping import MAX_CROP_SIDE_PX, crop_face, drop_reason
from facecaption_assets.faces.detection import Detection, Landmarks
from facecaption_assets.faces.settings import FaceSettings

SETTINGS = FaceSettings(min_score=0.5, min_side_px=40, margin=1.5)
TILTED: Landmarks = ((50, 40), (50, 60), (40, 50), (28, 42), (28, 58))


def gradient(width: int = 200, height: int = 100) -> np.ndarray:
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([x, y, x + y], axis=-1).astype(np.uint8)


@pytest.mark.parametrize(
    ("face", "reason"),
    [
        (Detection((0, 0, 50, 50), 0.8), None),
        (Detection((0, 0, 40, 40), 0.5), None),
        (Detection((0, 0, 50, 50), 0.49), "low_confidence"),
        (Detection((0, 0, 39.9, 50), 0.8), "too_small"),
        (Detection((0, 0, 50, 39.9), 0.8), "too_small"),
        (Detection((0, 0, 10, 10), 0.1), "low_confidence"),
    ],
)
def test_limits_are_inclusive_and_confidence_is_judged_first(
    face: Detection, reason: str | None
) -> None:
    assert drop_reason(face, SETTINGS) == reason


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
    crop = crop_face(image, face, FaceSettings(margin=1.5, align=False))
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
