"""A decoded picture of any mode → what a person sees of it, in 8-bit sRGB.

Bit depth, palette, ink, transparency and colour profile are settled here; which way up the
picture is belongs to ``images``.
"""

import io
from functools import lru_cache

import numpy as np
from PIL import Image


def to_srgb(image: Image.Image) -> Image.Image:
    """The picture in mode RGB, as a viewer that manages colours shows it on white paper.

    An embedded colour profile is converted to sRGB, also of pictures with a palette or an alpha
    channel; one that is broken, or made for another kind of picture, is passed over. Of 16 bits
    the upper eight are kept.
    """
    colours = _in_srgb(_without_alpha(image), image.info.get("icc_profile"))
    opacity = _opacity(image)
    if opacity is None:
        return colours
    paper = Image.new("RGB", image.size, "white")
    paper.paste(colours, mask=opacity)
    return paper


def _without_alpha(image: Image.Image) -> Image.Image:
    """The picture in 8-bit grey, CMYK or RGB, in the numbers that its colour profile is about."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image, np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode in ("1", "L", "LA"):
        return image.convert("L")
    if image.mode == "P":  # Straight to RGB, Pillow warns of a transparent palette.
        image = image.convert("RGBA")
    return image if image.mode == "CMYK" else image.convert("RGB")


def _opacity(image: Image.Image) -> Image.Image | None:
    """How opaque each pixel is, in mode L; None where all are."""
    if not image.has_transparency_data:
        return None
    if image.mode.startswith("I"):  # Pillow has no such picture with an alpha channel.
        is_opaque = np.asarray(image) != image.info["transparency"]
        return Image.fromarray(is_opaque.astype(np.uint8) * 255)
    return image.convert("RGBA").getchannel("A")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile or (image.mode == "RGB" and _is_srgb(profile)):
        return image.convert("RGB")
    return _convert_profile(image, profile) or image.convert("RGB")


@lru_cache(maxsize=32)
def _is_srgb(profile: bytes) -> bool:
    """Whether a profile leaves colours as they are; most pictures that have one have sRGB's.

    Told by what it does: profiles with sRGB in their name may have another tone curve.
    """
    levels = np.linspace(0, 255, 9, dtype=np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(27, 27, 3)
    converted = _convert_profile(Image.fromarray(colours), profile)
    if converted is None:
        return True
    return bool(np.abs(np.asarray(converted, np.int16) - colours).max() <= 2)


def _convert_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture in sRGB; None for a profile that is broken or of another kind of picture.

    Such a profile says nothing; the numbers are then taken as sRGB, as browsers do.
    """
    from PIL import ImageCms  # a library of its own, which few pictures need

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
