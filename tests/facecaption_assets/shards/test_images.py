import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from facecaption_assets.shards.images import (
    ImageDecodeError,
    PictureRejected,
    decode_reduced,
    decode_rgb,
    read_header,
)

LIMIT = 10_000_000


def with_exif(kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description"
    buffer = io.BytesIO()
    Image.effect_noise((40, 30), 60).convert("RGB").save(buffer, kind, exif=exif.tobytes())
    return buffer.getvalue()


ORIGINALS = {kind: with_exif(kind) for kind in ("JPEG", "PNG", "WEBP")}


def rejected(data: bytes, limit: int = LIMIT) -> tuple[str, str]:
    with pytest.raises(PictureRejected) as caught:
        read_header(data, max_pixels=limit)
    return caught.value.status, str(caught.value)


@pytest.mark.parametrize(("kind", "extension"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
def test_supported_formats_are_told_by_content(picture, kind, extension) -> None:
    header = read_header(picture(kind=kind), max_pixels=LIMIT)
    assert (header.extension, header.width, header.height) == (extension, 64, 48)
    assert header.exif_orientation == 1


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", "empty"),
        (b"I am a text file\n" * 9, "not_an_image"),
        (b"\xff\xd8\xff", "not_an_image"),
    ],
)
def test_what_is_no_picture_is_rejected(data, status) -> None:
    assert rejected(data)[0] == status


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.5, 0.98])
def test_a_cut_file_is_truncated(picture, kind, share) -> None:
    data = picture(kind=kind)
    assert rejected(data[: int(len(data) * share)])[0] == "truncated"


def test_a_cut_jpeg_is_not_saved_by_the_thumbnail_inside_its_exif(picture) -> None:
    exif = b"Exif\0\0" + picture(16, 16)
    data = picture(640, 480, exif=exif)
    read_header(data, max_pixels=LIMIT)
    assert rejected(data[: len(data) // 2])[0] == "truncated"


def test_a_bomb_is_rejected_by_its_header_and_names_the_setting() -> None:
    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    status, message = rejected(buffer.getvalue(), limit=100_000_000)
    assert status == "too_large"
    assert "400000000 px" in message
    assert "max_pixels is 100000000" in message


def test_an_animated_gif_is_unsupported(picture) -> None:
    frames = [Image.new("P", (8, 8), colour) for colour in (0, 1)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    assert rejected(buffer.getvalue())[0] == "unsupported_format"


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_in_a_format_of_stills_is_unsupported(kind) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    buffer = io.BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:])
    status, message = rejected(buffer.getvalue())
    assert status == "unsupported_format"
    assert "3 frames" in message


def test_size_is_that_of_the_upright_picture(picture) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = picture(64, 48, exif=exif.tobytes())
    header = read_header(data, max_pixels=LIMIT)
    assert (header.width, header.height, header.exif_orientation) == (48, 64, 6)
    assert decode_rgb(data).shape == (64, 48, 3)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("PNG", "P"),
        ("PNG", "RGBA"),
        ("PNG", "LA"),
        ("PNG", "1"),
        ("WEBP", "RGBA"),
    ],
)
def test_every_mode_becomes_rgb_that_looks_alike(picture, kind, mode) -> None:
    decoded = decode_rgb(picture(kind=kind, mode=mode))
    assert decoded.shape == (48, 64, 3)
    assert decoded.dtype == np.uint8
    # Top left is dark, bottom right bright in every mode.
    assert decoded[:8, :8].mean() < decoded[-8:, -8:].mean() - 40


def test_transparency_is_laid_over_white() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (8, 8), (200, 0, 0, 0)).save(buffer, "PNG")
    assert (decode_rgb(buffer.getvalue()) == 255).all()


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8), 0x8000, np.uint16)).save(buffer, "PNG")
    assert (decode_rgb(buffer.getvalue()) == 128).all()


def test_pixels_that_cannot_be_decoded_raise_one_error(picture) -> None:
    data = bytearray(picture(kind="PNG"))
    data[60:200] = bytes(140)
    with pytest.raises(ImageDecodeError):
        decode_rgb(bytes(data))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_orientation_is_turned_as_pillow_turns_it(picture, kind, orientation) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = picture(kind=kind, exif=exif.tobytes())
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    assert (decode_rgb(data) == expected).all()
    header = read_header(data, max_pixels=LIMIT)
    assert (header.height, header.width) == expected.shape[:2]


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "P"), ("PNG", "LA"), ("PNG", "1"), ("PNG", "I;16")],
)
def test_a_picture_of_any_mode_is_turned_as_pillow_turns_it(kind, mode) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    levels = np.linspace(0, 255, 48 * 64).reshape(48, 64).astype(np.uint8)
    image = Image.fromarray(levels.astype(np.uint16) << 8 if mode == "I;16" else levels)
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, kind, exif=exif.tobytes(), quality=95)
    flat = io.BytesIO()
    ImageOps.exif_transpose(Image.open(buffer)).save(flat, "TIFF")
    assert (decode_rgb(buffer.getvalue()) == decode_rgb(flat.getvalue())).all()
    assert decode_rgb(buffer.getvalue()).shape == (64, 48, 3)


def test_an_exif_block_that_cannot_be_written_anew_does_no_harm(picture) -> None:
    # Tag 0x011A as a rational with a zero-length value: Pillow reads it and fails to re-encode it.
    entry = struct.pack("<HHI", 0x0112, 3, 1) + struct.pack("<HH", 6, 0)
    odd = struct.pack("<HHI", 0x8769, 4, 1) + struct.pack("<I", 0xFFFFFFFF)
    block = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entry + odd + struct.pack("<I", 0)
    data = picture(exif=block)
    assert read_header(data, max_pixels=LIMIT).exif_orientation in (1, 6)
    assert decode_rgb(data).shape in ((48, 64, 3), (64, 48, 3))


def test_reading_the_header_of_a_png_decodes_no_pixels(picture) -> None:
    data = bytearray(picture(kind="PNG"))
    data[60:140] = bytes(80)
    assert read_header(bytes(data), max_pixels=LIMIT).extension == "png"


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_mutated_bytes_end_in_pixels_or_in_one_of_two_errors(data) -> None:
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP"]))
    original = bytearray(ORIGINALS[kind])
    for _ in range(data.draw(st.integers(1, 8))):
        position = data.draw(st.integers(0, len(original) - 1))
        original[position] = data.draw(st.integers(0, 255))
    try:
        header = read_header(bytes(original), max_pixels=LIMIT)
        pixels = decode_rgb(bytes(original))
    except (PictureRejected, ImageDecodeError):
        return
    assert pixels.shape == (header.height, header.width, 3)


def jpeg(width: int, height: int, mode: str = "RGB", **options) -> bytes:
    image = Image.effect_noise((width, height), 30).convert("RGB")
    image.paste((220, 90, 40), (90, 54, 142, 96))
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": "4:4:4"}])
def test_a_jpeg_has_the_pixels_that_pillow_decodes(mode, options) -> None:
    data = jpeg(203, 151, mode=mode, **options)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(decode_rgb(data), expected)


def test_a_jpeg_that_stops_cannot_be_decoded() -> None:
    with pytest.raises(ImageDecodeError, match="truncated"):
        decode_rgb(jpeg(203, 151)[:4000])


@pytest.mark.parametrize(
    ("least_side", "factor"), [(None, 1), (400, 1), (203, 1), (101, 2), (26, 4), (25, 8), (1, 8)]
)
def test_a_jpeg_is_decoded_as_small_as_its_longer_side_may_be(least_side, factor) -> None:
    decoded = decode_reduced(jpeg(203, 151), least_side)
    assert (decoded.factor, decoded.width, decoded.height) == (factor, 203, 151)
    assert decoded.pixels.shape == (-(-151 // factor), -(-203 // factor), 3)


def test_other_formats_and_strips_are_decoded_whole(picture) -> None:
    assert decode_reduced(picture(kind="PNG"), 1).factor == 1
    assert decode_reduced(jpeg(203, 3), 1).factor == 2


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("least_side", [101, 50, 25])
def test_places_in_few_pixels_are_those_in_all_of_them(orientation, least_side) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    y, x = np.indices((151, 203))
    light = 250 * np.exp(-((x - 96) ** 2 + (y - 60) ** 2) / 600)
    buffer = io.BytesIO()
    Image.fromarray(light.astype(np.uint8)).save(buffer, "JPEG", exif=exif.tobytes(), quality=95)
    data = buffer.getvalue()
    reduced, full = decode_reduced(data, least_side), decode_rgb(data)
    assert full.shape == (reduced.height, reduced.width, 3)

    def centre(pixels: np.ndarray) -> np.ndarray:
        light = np.clip(pixels.mean(axis=2) - 8, 0, None)
        y, x = np.indices(light.shape)
        return np.array([((x + 0.5) * light).sum(), ((y + 0.5) * light).sum()]) / light.sum()

    placed = centre(reduced.pixels) * reduced.factor - (reduced.left, reduced.top)
    np.testing.assert_allclose(placed, centre(full), atol=0.5)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_few_pixels_have_the_colours_of_all(mode) -> None:
    data = jpeg(400, 304, mode=mode)
    few, full = decode_reduced(data, 200).pixels, decode_rgb(data)
    assert few.mean(axis=(0, 1)) == pytest.approx(full.mean(axis=(0, 1)), abs=1)


def test_bytes_of_no_picture_are_refused_in_the_same_words_each_time() -> None:
    messages = set()
    held = []
    for _ in range(3):
        with pytest.raises(ImageDecodeError, match="starts with b'no picture'") as caught:
            decode_rgb(b"no picture")
        held.append(caught)  # Else an address in memory could be used again.
        messages.add(str(caught.value))
    assert len(messages) == 1


def test_an_exif_block_behind_the_pixels_turns_neither_header_nor_pixels(picture) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    whole, body = picture(kind="PNG"), exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(body)) + b"eXIf" + body
    chunk += struct.pack(">I", zlib.crc32(chunk[4:]))
    data = whole[:-12] + chunk + whole[-12:]
    header, decoded = read_header(data, max_pixels=LIMIT), decode_reduced(data, None)
    assert (decoded.height, decoded.width) == (header.height, header.width)
    assert decoded.pixels.shape[:2] == (header.height, header.width)
    assert (decoded.pixels == decode_rgb(whole)).all()
