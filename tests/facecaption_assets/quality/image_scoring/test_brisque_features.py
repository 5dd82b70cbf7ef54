"""BRISQUE's features against a plain implementation, and fits against known distributions."""

import cv2
import numpy as np
import pytest
from scipy import signal, special
from scipy.optimize import brentq

from facecaption_assets.quality.image_scoring.brisque_features import (
    FEATURES,
    Unmeasurable,
    asymmetric_fit,
    brisque_features,
    normalised_coefficients,
)


def plain_coefficients(grey: np.ndarray) -> np.ndarray:
    rows, columns = np.indices((7, 7)) - 3
    window = np.exp(-(rows**2 + columns**2) / (2 * (7 / 6) ** 2))
    window /= window.sum()
    mean = signal.convolve2d(grey, window, "same")
    square = signal.convolve2d(grey**2, window, "same")
    return (grey - mean) / (np.sqrt(np.abs(mean**2 - square)) + 1 / 255)


def plain_fit(values: np.ndarray) -> list[float]:
    left = (values[values < 0] ** 2).mean()
    right = (values[values >= 0] ** 2).mean()
    skew = np.sqrt(left / right)
    wanted = np.abs(values).mean() ** 2 / (values**2).mean()
    wanted *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2

    def ratio(a: float) -> float:
        return special.gamma(2 / a) ** 2 / (special.gamma(1 / a) * special.gamma(3 / a))

    shape = brentq(lambda a: ratio(a) - wanted, 0.2, 10)
    scale = np.sqrt(special.gamma(1 / shape) / special.gamma(3 / shape))
    mean = (np.sqrt(right) - np.sqrt(left)) * scale
    mean *= special.gamma(2 / shape) / special.gamma(1 / shape)
    return [shape, mean, left, right]


def plain_features(pixels: np.ndarray) -> list[float]:
    grey = pixels / 255 @ np.array([0.2125, 0.7154, 0.0721])
    features: list[float] = []
    for scale in (grey, cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_CUBIC)):
        m = plain_coefficients(scale)
        shape, _, left, right = plain_fit(m)
        features += [shape, (left + right) / 2]
        for product in (
            m[:, :-1] * m[:, 1:],
            m[:-1] * m[1:],
            m[:-1, :-1] * m[1:, 1:],
            m[1:, :-1] * m[:-1, 1:],
        ):
            features += plain_fit(product)
    return features


def colours(make_clouds, height: int = 97, width: int = 120) -> np.ndarray:
    channels = [make_clouds(height, width, seed)[..., 0] for seed in range(3)]
    return np.stack(channels, axis=-1)


def test_features_are_those_of_a_plain_implementation(make_clouds) -> None:
    pixels = colours(make_clouds)
    found = brisque_features(pixels)
    assert found.shape == (FEATURES,)
    assert found == pytest.approx(plain_features(pixels), abs=1e-5)


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.0, 5.0])
def test_a_fit_finds_the_distribution_that_values_were_drawn_from(shape: float) -> None:
    random = np.random.default_rng(1)
    sizes = random.gamma(1 / shape, size=400_000) ** (1 / shape)
    values = np.where(random.random(400_000) < 0.5, -sizes, sizes)
    found, mean, left, right = asymmetric_fit(values)
    variance = special.gamma(3 / shape) / special.gamma(1 / shape)
    assert found == pytest.approx(shape, rel=0.02)
    assert left == pytest.approx(variance, rel=0.03)
    assert right == pytest.approx(variance, rel=0.03)
    assert mean == pytest.approx(0, abs=0.02 * np.sqrt(variance))


def test_a_fit_tells_the_wider_side() -> None:
    random = np.random.default_rng(2)
    sizes = np.abs(random.standard_normal(400_000))
    values = np.where(random.random(400_000) < 0.25, -sizes, 3 * sizes)
    _, mean, left, right = asymmetric_fit(values)
    assert (left, right) == (pytest.approx(1, rel=0.02), pytest.approx(9, rel=0.02))
    assert mean > 1


def test_shapes_beyond_the_table_are_its_ends() -> None:
    uniform = np.linspace(-1, 1, 10_000)
    assert asymmetric_fit(np.sign(uniform))[0] == pytest.approx(10)
    assert asymmetric_fit(uniform**99)[0] == pytest.approx(0.2)


def test_rounding_errors_in_flat_areas_decide_nothing(make_clouds) -> None:
    grey = make_clouds(64, 64, 1)[..., 0] / 255
    grey[16:48] = 0.5
    jitter = 1e-13 * np.random.default_rng(0).standard_normal(grey.shape)
    plain, shaken = normalised_coefficients(grey), normalised_coefficients(grey + jitter)
    assert (plain[20:44, 4:-4] == 0).all()
    assert asymmetric_fit(shaken) == pytest.approx(asymmetric_fit(plain), rel=1e-6)


@pytest.mark.parametrize("tone", [0, 128])
def test_one_tone_has_no_features_however_much_of_it_there_is(tone: int) -> None:
    # Beyond its edges a picture is black: a rim of a grey one differs from that.
    with pytest.raises(Unmeasurable, match="one tone"):
        brisque_features(np.full((64, 64, 3), tone, np.uint8))


def test_stripes_have_no_features() -> None:
    columns = np.arange(64)
    stripes = np.broadcast_to((columns % 2 * 255).astype(np.uint8)[None, :, None], (64, 64, 3))
    with pytest.raises(Unmeasurable, match="plain pattern"):
        brisque_features(np.ascontiguousarray(stripes))


@pytest.mark.parametrize("size", [(15, 64), (64, 15)])
def test_a_tiny_picture_has_no_features(size: tuple[int, int]) -> None:
    with pytest.raises(Unmeasurable, match=r"BRISQUE needs 16 on either side"):
        brisque_features(np.zeros((*size, 3), np.uint8))
