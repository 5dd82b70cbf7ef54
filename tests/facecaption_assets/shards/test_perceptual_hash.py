import io

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dct

from facecaption_assets.shards.images import upright
from facecaption_assets.shards.opt_out_entries import DEFAULT_DISTANCE
from facecaption_assets.shards.perceptual_hash import (
    hash_bytes,
    hash_columns,
    hash_image,
    hash_pixels,
)


def drawn(seed: int, width: int = 480, height: int = 360) -> Image.Image:
    """A picture with structure: smooth blobs of random colours."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def bits_between(one: str | None, other: str | None) -> int:
    assert one is not None and other is not None
    return (int(one, 16) ^ int(other, 16)).bit_count()


@pytest.mark.parametrize("seed", range(5))
def test_the_hash_is_the_classical_one(seed) -> None:
    image = drawn(seed)
    pixels = np.asarray(image.convert("L").resize((32, 32), Image.Resampling.LANCZOS), float)
    low = dct(dct(pixels, axis=0), axis=1)[:8, :8]
    bits = "".join("1" if value > np.median(low) else "0" for value in low.ravel())
    # The same but for the way in which the picture is made small.
    assert bits_between(hash_image(image), f"{int(bits, 2):016x}") <= 2


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "copy",
    [
        lambda image: encoded(image, quality=40),
        lambda image: encoded(image, "WEBP", quality=60),
        lambda image: encoded(image, "PNG"),
        lambda image: encoded(image.resize((1500, 1100)), quality=80),
        lambda image: encoded(image.resize((120, 90)), quality=80),
        lambda image: encoded(image.convert("L")),
    ],
    ids=["jpeg", "webp", "png", "larger", "smaller", "grey"],
)
def test_copies_of_a_picture_are_within_the_default_distance(copy, seed) -> None:
    image = drawn(seed)
    original = hash_bytes(encoded(image, quality=95))
    assert bits_between(original, hash_bytes(copy(image))) <= DEFAULT_DISTANCE
    assert bits_between(original, hash_pixels(np.asarray(image))) <= DEFAULT_DISTANCE


@pytest.mark.parametrize("seed", range(3))
def test_the_long_hash_is_the_classical_one_of_finer_structure(seed) -> None:
    image = drawn(seed)
    pixels = np.asarray(image.convert("L").resize((64, 64), Image.Resampling.LANCZOS), float)
    low = dct(dct(pixels, axis=0), axis=1)[:16, :16]
    bits = "".join("1" if value > np.median(low) else "0" for value in low.ravel())
    columns = hash_columns(encoded(image, "PNG"))
    assert bits_between(columns["phash256"], f"{int(bits, 2):064x}") <= 8
    assert columns["phash"] == hash_image(image)


def test_the_long_hash_tells_apart_what_the_short_one_does_not() -> None:
    image = drawn(0)
    finer = np.random.default_rng(5).integers(0, 256, (18, 24, 3), np.uint8)
    texture = Image.fromarray(finer).resize(image.size, Image.Resampling.BICUBIC)
    shown = [image, Image.blend(image, texture, 0.1)]
    one, other = (hash_columns(encoded(picture, "PNG")) for picture in shown)
    copy = hash_columns(encoded(image, quality=40))
    assert bits_between(one["phash"], other["phash"]) <= 4
    assert bits_between(one["phash256"], other["phash256"]) > 20
    assert bits_between(one["phash256"], copy["phash256"]) <= 20


def test_what_cannot_be_decoded_has_no_hash_at_all() -> None:
    assert hash_columns(b"no picture") == {"phash": None, "phash256": None}


def test_different_pictures_are_far_apart() -> None:
    hashes = [hash_image(drawn(seed)) for seed in range(12)]
    distances = [bits_between(a, b) for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(distances) > 2 * DEFAULT_DISTANCE


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_is_hashed_upright(kind, orientation) -> None:
    stored = drawn(1, 481, 363)
    exif = Image.Exif()
    exif[0x0112] = orientation
    shown = hash_columns(encoded(upright(stored, orientation), kind))
    found = hash_columns(encoded(stored, kind, exif=exif))
    assert bits_between(found["phash"], shown["phash"]) <= 2
    assert bits_between(found["phash256"], shown["phash256"]) <= 6


@pytest.mark.parametrize("side", [521, 641, 769])
def test_a_jpeg_whose_size_does_not_divide_has_the_hashes_of_its_pixels(side) -> None:
    image = drawn(6, side, side)
    jpeg, pixels = (hash_columns(encoded(image, kind)) for kind in ("JPEG", "PNG"))
    assert bits_between(jpeg["phash"], pixels["phash"]) <= 2
    assert bits_between(jpeg["phash256"], pixels["phash256"]) <= 8


@pytest.mark.parametrize("tone", [0, 128, 255])
def test_a_picture_of_one_tone_has_no_hash(tone) -> None:
    assert hash_bytes(encoded(Image.new("RGB", (64, 64), (tone, tone, tone)))) is None


def test_what_cannot_be_decoded_has_no_hash() -> None:
    whole = encoded(drawn(2), "PNG")
    assert hash_bytes(whole[: len(whole) // 2]) is None
    assert hash_bytes(b"no picture") is None


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (8, 8)])
def test_tiny_and_thin_pictures_are_hashed_or_not_without_an_error(size) -> None:
    found = hash_bytes(encoded(drawn(3).resize(size), "PNG"))
    assert found is None or len(found) == 16


def test_sixteen_bits_have_the_hash_of_their_upper_eight() -> None:
    grey = np.asarray(drawn(4).convert("L"))
    deep = encoded(Image.fromarray(grey.astype(np.uint16) << 8), "PNG")
    assert hash_columns(deep) == hash_columns(encoded(Image.fromarray(grey), "PNG"))
    assert hash_bytes(deep) is not None
