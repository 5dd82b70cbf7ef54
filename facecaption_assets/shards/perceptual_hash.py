"""A picture's perceptual hashes: near-equal pictures have hashes that differ in few bits.

The short one is the classical 64-bit DCT hash, bit for bit that of ``imagehash.phash`` where both
are given the same pixels, so that hashes made elsewhere can be put on the opt-out list. The long
one, 256 bits made in the same way of finer structure, tells pictures apart that are composed
alike. Both tell copies of one picture from other pictures; they describe no face and recognise
nobody.

Source: C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010,
with the median over the DC and all other coefficients, as ``imagehash`` has it.
"""

import io
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from facecaption_assets.shards.colours import to_srgb
from facecaption_assets.shards.images import orientation_of, upright

#: Coefficients kept along each axis by the short and the long hash: the coarsest structure,
#: which copies have in common.
_SHORT: Final = 8
_LONG: Final = 16

#: Side of the grey picture that is transformed, in coefficients kept.
_SIDE_PER_COEFFICIENT: Final = 4

#: Pictures whose grey levels span less than this have no structure: their hash would be noise.
_MIN_CONTRAST: Final = 8

#: JPEG is decoded at the smallest DCT scale that leaves this many px along each side.
_DECODED_SIDE: Final = _LONG * _SIDE_PER_COEFFICIENT

#: Columns of the hashes, by the coefficients that each keeps along an axis.
HASH_COLUMNS: Final = {"phash": _SHORT, "phash256": _LONG}


def hash_pixels(pixels: NDArray[np.uint8]) -> str | None:
    """As ``hash_image``, of upright pixels, (H, W, 3) RGB."""
    return hash_image(Image.fromarray(pixels))


def hash_bytes(data: bytes) -> str | None:
    """The short hash of an encoded picture, upright; None also where it cannot be decoded.

    A JPEG is decoded at a fraction of its size, which may change a bit or two.
    """
    return hash_columns(data)["phash"]


def hash_columns(data: bytes) -> dict[str, str | None]:
    """As ``hash_bytes``, all hashes from one decoding, by column: 16 and 64 hex digits."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            orientation = orientation_of(image)
            image.draft("L", (_DECODED_SIDE, _DECODED_SIDE))
            image.load()
            shown = upright(image, orientation)
            if shown.mode.startswith("I"):
                shown = to_srgb(shown)  # Pillow's own way to grey would clip 16 bits to white.
            grey = shown.convert("L")
            return {name: _hash(grey, kept) for name, kept in HASH_COLUMNS.items()}
    # Decoders raise whatever odd bytes lead them to; whether that matters is not decided here.
    except Exception:
        return dict.fromkeys(HASH_COLUMNS)


def hash_image(image: Image.Image) -> str | None:
    """The short hash of an upright picture as 16 hex digits; None where it is of one tone."""
    return _hash(image.convert("L"), _SHORT)


def _hash(grey: Image.Image, kept: int) -> str | None:
    side = kept * _SIDE_PER_COEFFICIENT
    small = grey.resize((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    pixels = np.asarray(small, np.float64)
    if np.ptp(pixels) < _MIN_CONTRAST:
        return None
    cosines = _cosines(kept)
    # Rounded, because nothing but rounding errors would tell coefficients of zero apart.
    coefficients = np.round(cosines @ pixels @ cosines.T, 6)
    # The median of an even number, written out: numpy's own loads megabytes for it.
    middle = np.sort(coefficients, axis=None)[kept**2 // 2 - 1 : kept**2 // 2 + 1].mean()
    bits = coefficients > middle
    return np.packbits(bits).tobytes().hex()


@cache
def _cosines(kept: int) -> NDArray[np.float64]:
    """The first rows of the unnormalised DCT-II, (kept, side)."""
    side = kept * _SIDE_PER_COEFFICIENT
    angles = np.outer(np.arange(kept), 2 * np.arange(side) + 1)
    cosines: NDArray[np.float64] = np.cos(np.pi / (2 * side) * angles)
    return cosines
