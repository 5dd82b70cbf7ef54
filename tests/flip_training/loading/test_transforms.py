"""Crops to tensors: decoding, resizing, normalisation."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from flip_training.loading.transforms import load_crop, normalize


def encoded(image: Image.Image, file_format: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def noise(width: int, height: int) -> Image.Image:
    """Detail down to the single pixel, which is hardest to resize."""
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    error = np.mean((one.astype(float) - other.astype(float)) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def test_crops_are_resized_to_a_square_whatever_their_shape() -> None:
    crop = load_crop(encoded(Image.new("RGB", (90, 40), (255, 0, 0))), 16)
    assert (crop.shape, crop.dtype) == ((16, 16, 3), np.uint8)
    assert crop[..., 0].min() > 250
    assert crop[..., 2].max() < 5


@pytest.mark.parametrize("shape", [(64, 64), (100, 60), (224, 224), (407, 407), (900, 900)])
def test_crops_are_resized_as_pillows_bicubic_filter_does(shape: tuple[int, int]) -> None:
    data = encoded(noise(*shape), quality=95, subsampling=0)
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(image.resize((224, 224), Image.Resampling.BICUBIC))
    assert psnr(load_crop(data, 224), expected) > 50


def test_normalisation_is_clips() -> None:
    grey = torch.full((1, 3, 2, 2), 128, dtype=torch.uint8)
    expected = (128 / 255 - 0.48145466) / 0.26862954
    assert normalize(grey)[0, 0, 0, 0].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("data", [b"", b"not a picture", encoded(noise(20, 20))[:100]])
def test_bytes_that_are_no_picture_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="crop cannot be decoded"):
        load_crop(data, 16)


def test_pictures_of_another_mode_become_rgb() -> None:
    crop = load_crop(encoded(Image.new("L", (20, 20), 200), "PNG"), 8)
    assert crop.shape == (8, 8, 3)
    assert np.array_equal(crop[..., 0], crop[..., 2])


def test_pictures_are_not_turned_as_their_metadata_say() -> None:
    """The crop was cut from the pixels as they lie."""
    image = Image.new("RGB", (40, 20), (255, 255, 255))
    image.paste((0, 0, 0), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[274] = 6
    crop = load_crop(encoded(image, exif=exif), 8)
    assert crop[:, 0].max() < 50 < 200 < crop[:, -1].min()
