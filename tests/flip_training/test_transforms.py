"""Crops to tensors: decoding, normalisation, augmentation."""

import io

import pytest
import torch
from PIL import Image

from flip_training.transforms import OPERATIONS, augment, load_crop, normalize


def jpeg(colour: tuple[int, int, int], size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG")
    return buffer.getvalue()


def test_crops_are_resized_to_a_square_whatever_their_shape() -> None:
    crop = load_crop(jpeg((255, 0, 0), (90, 40)), 16)
    assert (crop.shape, crop.dtype) == ((3, 16, 16), torch.uint8)
    assert crop[0].min() > 250


def test_normalisation_is_clips() -> None:
    grey = torch.full((1, 3, 2, 2), 128, dtype=torch.uint8)
    expected = (128 / 255 - 0.48145466) / 0.26862954
    assert normalize(grey)[0, 0, 0, 0].item() == pytest.approx(expected, rel=1e-5)


def test_bytes_that_are_no_picture_are_refused() -> None:
    with pytest.raises(ValueError, match="crop cannot be decoded"):
        load_crop(b"not a picture", 16)


def test_augmentation_follows_the_generator_only() -> None:
    images = torch.randint(0, 255, (6, 3, 16, 16), dtype=torch.uint8)
    first, second = (augment(images, 2, 5, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, images)


@pytest.mark.parametrize("name", list(OPERATIONS))
def test_operations_keep_shape_and_type(name: str) -> None:
    image = torch.randint(0, 255, (3, 16, 16), dtype=torch.uint8)
    changed = OPERATIONS[name](image, -0.5)
    assert (changed.shape, changed.dtype) == (image.shape, torch.uint8)


def test_pictures_of_another_mode_become_rgb() -> None:
    buffer = io.BytesIO()
    Image.new("L", (20, 20), 200).save(buffer, "PNG")
    crop = load_crop(buffer.getvalue(), 8)
    assert crop.shape == (3, 8, 8)
    assert torch.equal(crop[0], crop[2])


def test_without_operations_pictures_are_mirrored_or_left() -> None:
    images = torch.randint(0, 255, (32, 3, 4, 4), dtype=torch.uint8)
    changed = augment(images, 0, 5, torch.Generator().manual_seed(0))
    kinds = []
    for new, old in zip(changed, images, strict=True):
        assert torch.equal(new, old) or torch.equal(new, old.flip(-1))
        kinds.append(torch.equal(new, old))
    assert 0 < sum(kinds) < len(kinds)


@pytest.mark.parametrize("name", [n for n in OPERATIONS if n != "equalize"])
def test_an_operation_of_no_strength_changes_nothing(name: str) -> None:
    image = torch.randint(0, 255, (3, 16, 16), dtype=torch.uint8)
    assert torch.equal(OPERATIONS[name](image, 0.0), image)
