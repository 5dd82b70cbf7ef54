import cv2
import numpy as np
import pytest

from facecaption_assets.attributes.sharpness import blur_probability, detail_ratio


def picture(side: int = 300) -> np.ndarray:
    """Detail of all sizes, as a face has it."""
    rng = np.random.default_rng(0)
    grey = np.full((side, side), 128.0)
    for n in (8, 16, 32, 64, 128, 256):
        grey += cv2.resize(rng.normal(0, 12, (n, n)), (side, side), interpolation=cv2.INTER_CUBIC)
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def blurred(sigma: float) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(picture(), (0, 0), sigma))


def test_crisp_picture_is_not_blurry() -> None:
    probability = blur_probability(picture())
    assert probability is not None and probability < 0.15


def test_probability_grows_with_blur() -> None:
    probabilities = [blur_probability(blurred(sigma)) or 0.0 for sigma in (1, 2, 4, 6)]
    assert probabilities == sorted(probabilities)
    assert probabilities[-1] > 0.85


def test_contrast_and_brightness_do_not_matter() -> None:
    dim = (picture() * 0.4 + 20).astype(np.uint8)
    assert detail_ratio(dim) == pytest.approx(detail_ratio(picture()), abs=0.1)


def test_small_crisp_crop_is_judged_as_it_is() -> None:
    small = cv2.resize(picture(), (100, 100), interpolation=cv2.INTER_AREA)
    probability = blur_probability(small)
    assert probability is not None and probability < 0.15


def test_what_happens_beside_the_face_does_not_matter() -> None:
    framed = blurred(6)
    framed[:40] = picture()[:40]
    assert (blur_probability(framed) or 0.0) > 0.85


def test_picture_of_one_tone_gives_no_answer() -> None:
    assert blur_probability(np.full((200, 200, 3), 90, np.uint8)) is None
