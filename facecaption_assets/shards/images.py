"""Bytes of a picture → its header, or its pixels as upright RGB.

The header is judged before any pixel is decoded: format by content, size against the limit, and
whether the file ends where its format says. How colours are understood belongs to ``colours``,
what becomes of a rejected picture to ``fetching``.
"""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from facecaption_assets.shards.colours import to_srgb
from facecaption_assets.shards.completeness import is_complete

# Pillow's own limit is global and warns instead of deciding; ``read_header`` applies the
# ``max_pixels`` setting to every picture before its pixels are touched.
Image.MAX_IMAGE_PIXELS = None

#: Pillow's name of a format → the extension that its bytes are stored under.
SUPPORTED_FORMATS: Final = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp"}

_EXIF_ORIENTATION: Final = 0x0112
_SIDEWAYS: Final = (5, 6, 7, 8)

#: What turns a picture of an EXIF orientation upright. Done here rather than by ``exif_transpose``,
#: which writes the whole EXIF block anew and fails on odd ones.
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class PictureRejected(ValueError):
    """The bytes are not a picture that can be stored; ``status`` says which kind of bad."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class ImageDecodeError(ValueError):
    """The header was fine but the pixels cannot be decoded."""


@dataclass(frozen=True)
class PictureHeader:
    """What a picture says of itself: extension, upright size in px, EXIF orientation 1-8."""

    extension: str
    width: int
    height: int
    exif_orientation: int

    def ledger_columns(self) -> dict[str, str | int]:
        """What the ledger says of a picture that is stored as it was fetched."""
        return {
            "format": self.extension,
            "width": self.width,
            "height": self.height,
            "original_width": self.width,
            "original_height": self.height,
            "exif_orientation": self.exif_orientation,
        }


def read_header(data: bytes, *, max_pixels: int) -> PictureHeader:
    """Judge a picture by its header, without decoding pixels.

    Raises:
        PictureRejected: With status ``empty``, ``not_an_image``, ``unsupported_format``,
            ``too_large`` or ``truncated``.
    """
    if not data:
        raise PictureRejected("empty", "the file has 0 bytes")
    try:
        image = Image.open(io.BytesIO(data))
    except UnidentifiedImageError:
        raise PictureRejected(
            "not_an_image", f"no known picture format; it starts with {data[:12]!r}"
        ) from None
    except Exception as error:
        raise PictureRejected("truncated", f"the header is broken: {error}") from None
    with image:
        return _judge(image, data, max_pixels)


def _judge(image: Image.Image, data: bytes, max_pixels: int) -> PictureHeader:
    kind = image.format or "unknown"
    supported = ", ".join(sorted(set(SUPPORTED_FORMATS) - {"MPO"}))
    if kind not in SUPPORTED_FORMATS:
        raise PictureRejected("unsupported_format", f"{kind} is not one of {supported}")
    # MPO is a still photo with extras (depth, second view) behind it, not an animation.
    if kind != "MPO" and getattr(image, "is_animated", False):
        raise PictureRejected(
            "unsupported_format", f"{kind} with {getattr(image, 'n_frames', 2)} frames; not a still"
        )
    width, height = image.size
    if width * height > max_pixels:
        raise PictureRejected(
            "too_large",
            f"{width} by {height} = {width * height} px; the setting max_pixels is {max_pixels}",
        )
    if not is_complete(data, SUPPORTED_FORMATS[kind]):
        raise PictureRejected("truncated", f"the {kind} data ends before the picture does")
    orientation = orientation_of(image)
    if orientation in _SIDEWAYS:
        width, height = height, width
    return PictureHeader(SUPPORTED_FORMATS[kind], width, height, orientation)


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation of an opened picture, 1-8, by what lies before its pixels.

    To be asked before the pixels are loaded: a PNG may have an EXIF block behind them, which the
    header does not know and which then turns nothing.
    """
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # Asking would decode the pixels, in search of a block behind them.
    try:
        value = int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # Pillow's EXIF reader raises many kinds; without EXIF it is upright.
        return 1
    return value if 1 <= value <= 8 else 1


@dataclass(frozen=True)
class Decoded:
    """Pixels of a picture, upright, perhaps fewer than it has.

    Attributes:
        pixels: (H, W, 3), uint8, RGB.
        width: Width of the whole picture, px.
        height: Height of the whole picture, px.
        factor: Pixels of the whole picture that one of ``pixels`` is wide and high.
        left: Pixels of the whole picture by which ``pixels`` reaches beyond its left edge.
        top: The same of its upper edge. A size that ``factor`` does not divide is rounded up,
            and EXIF may turn what is too much to the beginning.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    factor: int = 1
    left: int = 0
    top: int = 0


def decode_rgb(data: bytes) -> NDArray[np.uint8]:
    """Pixels of a picture as a person sees them.

    EXIF orientation is applied, an embedded colour profile is converted to sRGB, transparency is
    laid over white, CMYK, palette, grey and 16-bit pictures become 8-bit RGB.

    Returns:
        Array (H, W, 3), uint8, RGB, upright.

    Raises:
        ImageDecodeError: If the pixels cannot be decoded.
    """
    return decode_reduced(data, None).pixels


def decode_reduced(data: bytes, least_side: int | None) -> Decoded:
    """Pixels as of ``decode_rgb``, of a large JPEG as few as suffice, which is faster.

    Args:
        data: The picture.
        least_side: Pixels that its longer side must keep; a JPEG is then decoded at a half, a
            quarter or an eighth of its size where that is enough. None for all pixels.

    Raises:
        ImageDecodeError: If the pixels cannot be decoded.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            return _decode(image, data, least_side)
    except UnidentifiedImageError as error:  # It names an address in memory, never twice the same.
        raise ImageDecodeError(f"no known picture format; it starts with {data[:12]!r}") from error
    # Decoders raise whatever odd bytes lead them to; each of it is this picture's fault alone.
    except Exception as error:
        raise ImageDecodeError(f"{type(error).__name__}: {error}") from error


def reduction(width: int, height: int, least_side: int | None) -> int:
    """The factor by which ``decode_reduced`` shrinks a JPEG: 1, 2, 4 or 8."""
    if least_side is None:
        return 1
    longer, shorter = max(width, height), min(width, height)
    return next((f for f in (8, 4, 2) if longer >= f * least_side and shorter >= f), 1)


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """A decoded picture, turned as an EXIF orientation asks."""
    turn = _UPRIGHT.get(orientation)
    return image if turn is None else image.transpose(turn)


def _decode(image: Image.Image, data: bytes, least_side: int | None) -> Decoded:
    width, height = image.size
    is_jpeg = image.format in ("JPEG", "MPO")
    factor = reduction(width, height, least_side) if is_jpeg else 1
    orientation = orientation_of(image)
    if factor > 1:
        image.draft(None, (width // factor, height // factor))
    pixels = _plain_jpeg(image, data) if is_jpeg and factor == orientation == 1 else None
    if pixels is None:
        image.load()
        pixels = np.array(to_srgb(upright(image, orientation)), np.uint8)
    if orientation in _SIDEWAYS:
        width, height = height, width
    left = pixels.shape[1] * factor - width if orientation in (2, 3, 6, 7) else 0
    top = pixels.shape[0] * factor - height if orientation in (3, 4, 7, 8) else 0
    return Decoded(pixels, width, height, factor, left, top)


def _plain_jpeg(image: Image.Image, data: bytes) -> NDArray[np.uint8] | None:
    """All pixels of a JPEG in three colours without a profile; None for Pillow to decide.

    The same library decodes for both, to the same numbers; OpenCV makes fewer copies of them.
    """
    import cv2

    if image.mode != "RGB" or image.info.get("icc_profile"):
        return None
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if pixels is None or pixels.shape != (image.height, image.width, 3):
        return None
    return np.asarray(pixels, np.uint8)
