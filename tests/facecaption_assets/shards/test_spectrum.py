import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

from facecaption_assets.shards.images import upright
from facecaption_assets.shards.spectrum import KEPT, coarse_spectrum


def drawn(width: int, height: int, seed: int = 0) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (20, 20), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize(("width", "height"), [(64, 64), (120, 70), (20, 127)])
def test_it_is_the_dct_of_pixels_that_have_an_area(width, height) -> None:
    pixels = np.asarray(drawn(width, height), float)
    waves = np.arange(KEPT)
    areas = np.outer(np.sinc(waves / (2 * height)), np.sinc(waves / (2 * width)))
    expected = dctn(pixels)[:KEPT, :KEPT] / (4 * width * height) * areas
    np.testing.assert_allclose(coarse_spectrum(drawn(width, height)), expected, atol=1e-9)


@pytest.mark.parametrize(("width", "height"), [(64, 64), (130, 97), (191, 321)])
def test_more_pixels_of_the_same_picture_change_nothing(width, height) -> None:
    picture = drawn(width, height)
    larger = picture.resize((2 * width, 3 * height), Image.Resampling.NEAREST)
    spectrum = coarse_spectrum(picture)
    assert spectrum is not None
    np.testing.assert_allclose(coarse_spectrum(larger), spectrum, atol=0.3)


def test_what_reaches_beyond_the_picture_does_not_count() -> None:
    picture = drawn(521, 513)
    # As a JPEG is decoded at an eighth of its size: the last column and row are cut short.
    beyond = np.pad(np.asarray(picture), ((0, 7), (0, 7)), mode="edge")
    eighth = Image.fromarray(beyond).reduce(8)
    whole = coarse_spectrum(picture)
    assert whole is not None
    known, unknown = coarse_spectrum(eighth, (521 / 8, 513 / 8)), coarse_spectrum(eighth)
    np.testing.assert_allclose(known, whole, atol=1e-9)
    assert np.abs(unknown - whole).mean() > 0.2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_of_the_picture_as_shown(orientation) -> None:
    stored = drawn(96, 70)
    shown = coarse_spectrum(upright(stored, orientation))
    assert shown is not None
    np.testing.assert_allclose(coarse_spectrum(stored, orientation=orientation), shown, atol=1e-9)


@pytest.mark.parametrize("span", [0, 7, 8])
def test_a_picture_of_one_tone_has_none(span) -> None:
    pixels = np.full((40, 40), 100, np.uint8)
    pixels[:, 20:] += span
    assert (coarse_spectrum(Image.fromarray(pixels)) is None) == (span < 8)
