import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from facecaption_assets.shards.images import decode_rgb

SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
#: Primaries of sRGB as an ICC profile has them: X, Y, Z, adapted to D50.
PRIMARIES = {
    b"rXYZ": (0.4360747, 0.2225045, 0.0139322),
    b"gXYZ": (0.3850649, 0.7168786, 0.0971045),
    b"bXYZ": (0.1430804, 0.0606169, 0.7141733),
}
D50 = (0.9642, 1.0, 0.8249)


def linear_profile(space: bytes = b"RGB ", name: bytes = b"linear") -> bytes:
    """An ICC profile with the primaries of sRGB and no tone curve at all."""

    def xyz(values):
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))

    curve = b"curv\0\0\0\0" + struct.pack(">I", 0)  # No entries: the identity.
    tags = {b"wtpt": xyz(D50), b"cprt": b"text\0\0\0\0none\0"}
    tags[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name + bytes(80)
    if space == b"GRAY":
        tags[b"kTRC"] = curve
    else:
        tags |= {name: xyz(values) for name, values in PRIMARIES.items()}
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, data = struct.pack(">I", len(tags)), b""
    for tag, content in tags.items():
        table += tag + struct.pack(">II", 132 + 12 * len(tags) + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    head = struct.pack(">I4xI", 128 + len(table + data), 0x02400000) + b"mntr" + space + b"XYZ "
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", *(round(v * 65536) for v in D50))
    return head.ljust(128, b"\0") + table + data


def encoded_srgb(linear: np.ndarray) -> np.ndarray:
    """Levels of linear light as sRGB levels, by the formula of IEC 61966-2-1."""
    light = linear / 255
    curved = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return curved * 255


def saved(image: Image.Image, kind: str = "PNG", **save: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **save)
    return buffer.getvalue()


def few_colours(mode: str = "RGB") -> Image.Image:
    """A picture of 64 colours, without loss in every mode that has colours."""
    levels = np.array([0, 60, 140, 255], np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(8, 8, 3)
    image = Image.fromarray(colours)
    if mode == "P":
        return image.quantize(64, dither=Image.Dither.NONE)
    return image.convert(mode)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB")).astype(int)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB"), ("WEBP", "RGBA")],
)
@pytest.mark.parametrize("name", [b"linear", b"sRGB-elle-V2-g10.icc"])
def test_a_colour_profile_is_converted_in_every_mode_and_whatever_its_name(
    kind, mode, name
) -> None:
    image = few_colours(mode)
    data = saved(image, kind, icc_profile=linear_profile(name=name), lossless=True)
    assert decode_rgb(data) == pytest.approx(encoded_srgb(pixels(image)), abs=1.5)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_grey_profile_is_converted(mode) -> None:
    image = few_colours("L").convert(mode)
    data = saved(image, icc_profile=linear_profile(b"GRAY"))
    # The darkest levels, where the curve is steep, are interpolated; unconverted they are 60 off.
    assert decode_rgb(data) == pytest.approx(encoded_srgb(pixels(image)), abs=4)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_with_the_profile_of_srgb_not_a_level_changes(mode) -> None:
    image = few_colours(mode)
    assert (decode_rgb(saved(image, icc_profile=SRGB_PROFILE)) == pixels(image)).all()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA"])
@pytest.mark.parametrize("profile", [b"broken", linear_profile()[:200], linear_profile(b"CMYK")])
def test_a_profile_that_cannot_be_meant_is_passed_over(mode, profile) -> None:
    image = few_colours("L").convert(mode) if mode in ("L", "LA") else few_colours(mode)
    assert (decode_rgb(saved(image, icc_profile=profile)) == pixels(image)).all()


def test_a_profile_of_colours_on_a_grey_picture_is_passed_over() -> None:
    image = few_colours("L")
    assert (decode_rgb(saved(image, icc_profile=linear_profile())) == pixels(image)).all()


@pytest.mark.parametrize("save", [{}, {"icc_profile": linear_profile()}])
def test_inks_are_converted_as_pillow_converts_them(picture, save) -> None:
    data = picture(kind="JPEG", mode="CMYK", quality=95, **save)
    assert (decode_rgb(data) == pixels(Image.open(io.BytesIO(data)))).all()


def over_white(image: Image.Image) -> np.ndarray:
    layer = image.convert("RGBA")
    return pixels(Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_half_transparent_pixels_are_mixed_with_white(mode) -> None:
    image = few_colours("L").convert(mode) if mode == "LA" else few_colours(mode)
    alpha = np.linspace(0, 255, 64).astype(np.uint8).reshape(image.size)
    image.putalpha(Image.fromarray(alpha))
    assert decode_rgb(saved(image)) == pytest.approx(over_white(image), abs=1)


@pytest.mark.parametrize("transparency", [3, bytes(range(0, 256, 4))])
def test_transparent_entries_of_a_palette_show_the_paper(transparency) -> None:
    data = saved(few_colours("P"), transparency=transparency)
    expected = over_white(Image.open(io.BytesIO(data)))
    assert (expected != pixels(few_colours("P"))).any()
    assert decode_rgb(data) == pytest.approx(expected, abs=1)


@pytest.mark.parametrize(("mode", "transparency"), [("RGB", (60, 140, 0)), ("L", 255), ("1", 255)])
def test_the_transparent_colour_shows_the_paper(mode, transparency) -> None:
    data = saved(few_colours(mode), transparency=transparency)
    assert (decode_rgb(data) == over_white(Image.open(io.BytesIO(data)))).all()


def test_of_sixteen_bits_the_upper_eight_are_kept() -> None:
    levels = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    grey = decode_rgb(saved(Image.fromarray(levels)))
    assert (grey == (levels >> 8)[..., None]).all()
    colours = np.stack([levels, levels.T, levels[::-1]], axis=-1)
    encoded = cv2.imencode(".png", colours[:, :, ::-1])[1].tobytes()
    assert (decode_rgb(encoded) == colours >> 8).all()


def test_the_transparent_level_of_sixteen_bits_shows_the_paper() -> None:
    levels = np.full((8, 8), 0x1234, np.uint16)
    levels[0] = 0x1235
    decoded = decode_rgb(saved(Image.fromarray(levels), transparency=0x1235))
    assert (decoded[0] == 255).all()
    assert (decoded[1:] == 0x12).all()


def test_one_bit_is_black_and_white() -> None:
    image = few_colours("L").convert("1")
    assert set(np.unique(decode_rgb(saved(image)))) == {0, 255}
    assert (decode_rgb(saved(image)) == pixels(image)).all()


def test_a_photo_with_a_second_one_behind_it_is_the_first() -> None:
    first, second = Image.new("RGB", (32, 24), (200, 30, 30)), Image.new("RGB", (32, 24))
    data = saved(first, "MPO", save_all=True, append_images=[second])
    assert decode_rgb(data).mean(axis=(0, 1)) == pytest.approx((200, 30, 30), abs=3)
