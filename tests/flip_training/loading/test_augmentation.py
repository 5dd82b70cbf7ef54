"""RandAugment, beside Pillow's operations and a plain affine map."""

from collections import Counter
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from flip_training.loading import augmentation
from flip_training.loading.augmentation import (
    OPERATIONS,
    Augmentation,
    brightness,
    equalize,
    sharpness,
)
from flip_training.loading.transforms import Picture


def picture(size: int = 48, width: int | None = None) -> Picture:
    """Soft shapes with a little noise in a narrow range of values."""
    rng = np.random.default_rng(0)
    noise = rng.integers(40, 180, (6, 6, 3), dtype=np.uint8)
    soft = cv2.resize(noise, (width or size, size), interpolation=cv2.INTER_CUBIC)
    return np.clip(soft + rng.normal(0, 2, soft.shape), 0, 255).astype(np.uint8)


def affine(image: Picture, matrix: np.ndarray) -> np.ndarray:
    """An affine map of pixels, bilinear, grey outside; pixel by pixel."""
    padded = np.full((image.shape[0] + 2, image.shape[1] + 2, 3), 128.0)
    padded[1:-1, 1:-1] = image
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
    out = np.full(image.shape, 128.0)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            u, v, _ = inverse @ (x, y, 1)
            left, top = int(np.floor(u)), int(np.floor(v))
            if -1 <= left < image.shape[1] and -1 <= top < image.shape[0]:
                a, b = u - left, v - top
                square = padded[top + 1 : top + 3, left + 1 : left + 3]
                weights = np.outer((1 - b, b), (1 - a, a))
                out[y, x] = np.tensordot(weights, square, 2)
    return out


@pytest.mark.parametrize("image", [picture(), picture(8), np.full((8, 8, 3), 7, np.uint8)])
def test_equalize_is_pillows(image: Picture) -> None:
    expected = np.asarray(ImageOps.equalize(Image.fromarray(image)))
    assert np.array_equal(equalize(image), expected)


@pytest.mark.parametrize("factor", [0.1, 0.64, 1.0, 1.9])
@pytest.mark.parametrize(
    ("ours", "pillows"),
    [(brightness, ImageEnhance.Brightness), (sharpness, ImageEnhance.Sharpness)],
)
def test_enhancements_are_pillows(
    ours: Callable[[Picture, float], Picture], pillows: type, factor: float
) -> None:
    image = picture()
    expected = np.asarray(pillows(Image.fromarray(image)).enhance(factor))
    assert np.abs(ours(image, factor).astype(int) - expected).max() <= 1


SQRT3 = 3**0.5


@pytest.mark.parametrize(
    ("name", "sign", "matrix"),
    [
        ("shear_x", 1, [[1, 0.3, 0], [0, 1, 0]]),
        ("shear_y", -1, [[1, 0, 0], [-0.3, 1, 0]]),
        ("translate_x", -1, [[1, 0, -10 * 48 / 224], [0, 1, 0]]),
        ("translate_y", 1, [[1, 0, 0], [0, 1, 10 * 48 / 224]]),
        # By 30 degrees around (24, 24): x' = 24 + (x-24) cos + (y-24) sin.
        (
            "rotate",
            1,
            [[SQRT3 / 2, 0.5, 24 - 12 * SQRT3 - 12], [-0.5, SQRT3 / 2, 24 + 12 - 12 * SQRT3]],
        ),
    ],
)
def test_movements_at_full_strength_are_as_published(
    name: str, sign: int, matrix: list[list[float]]
) -> None:
    image = picture()
    difference = np.abs(OPERATIONS[name](image, 1.0, sign) - affine(image, np.array(matrix)))
    # OpenCV places pixels on a grid of 1/32, which shows where the picture meets the grey.
    assert difference.mean() < 0.5
    assert np.quantile(difference, 0.99) < 4


@pytest.mark.parametrize("name", list(OPERATIONS))
@pytest.mark.parametrize("sign", [-1, 1])
def test_operations_keep_shape_type_and_their_input(name: str, sign: int) -> None:
    image = picture(40, width=30)
    before = image.copy()
    changed = OPERATIONS[name](image, 0.5, sign)
    assert (changed.shape, changed.dtype) == (image.shape, np.uint8)
    assert np.array_equal(image, before)


@pytest.mark.parametrize(
    "name", [n for n in OPERATIONS if n not in ("equalize", "sharpness", "brightness")]
)
def test_movements_of_no_strength_change_nothing(name: str) -> None:
    assert np.array_equal(OPERATIONS[name](picture(), 0.0, 1), picture())


@pytest.mark.parametrize("name", ["brightness", "sharpness"])
def test_enhancements_change_nothing_at_the_published_magnitude(name: str) -> None:
    assert np.array_equal(OPERATIONS[name](picture(), 0.5, 1), picture())


def test_augmentation_follows_the_seed_only() -> None:
    augment = Augmentation(2, 5)
    assert np.array_equal(augment(picture(), 3), augment(picture(), 3))
    assert len({augment(picture(), seed).tobytes() for seed in range(40)}) > 15


def test_without_operations_half_of_the_pictures_are_mirrored() -> None:
    mirrored = 0
    for seed in range(200):
        changed = Augmentation(0, 5)(picture(8), seed)
        assert np.array_equal(changed, picture(8)) or np.array_equal(changed, picture(8)[:, ::-1])
        mirrored += not np.array_equal(changed, picture(8))
    assert 70 < mirrored < 130


def test_each_of_two_operations_is_drawn_evenly_and_applied_half_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    applied: Counter[tuple[str, float, int]] = Counter()

    def counting(name: str) -> Callable[[Picture, float, int], Picture]:
        def count(image: Picture, strength: float, sign: int) -> Picture:
            applied[name, strength, sign] += 1
            return image

        return count

    monkeypatch.setattr(augmentation, "OPERATIONS", {name: counting(name) for name in OPERATIONS})
    for seed in range(3600):
        Augmentation(2, 5)(picture(8), seed)
    assert {strength for _, strength, _ in applied} == {0.5}
    # 3,600 pictures, two draws, half of them applied, 9 operations, two signs: 200 each.
    assert len(applied) == 18
    assert all(140 < count < 260 for count in applied.values())
