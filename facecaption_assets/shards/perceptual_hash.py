"""A picture's perceptual hash: near-equal pictures have hashes that differ in few bits.

The classical 64-bit DCT hash, bit for bit that of ``imagehash.phash`` where both are given the
same pixels, so that hashes made elsewhere can be put on the opt-out list. It tells copies of one
picture from other pictures; it describes no face and recognises nobody.

Source: C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010,
with the median over the DC and all other coefficients, as ``imagehash`` has it.
"""

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from facecaption_assets.shards.images import upright

#: Side of the grey picture that is transformed, px.
_SIDE: Final = 32

#: Coefficients kept along each axis: the coarsest structure, which copies have in common.
_KEPT: Final = 8

#: Pictures whose grey levels span less than this have no structure: their hash would be noise.
_MIN_CONTRAST: Final = 8

#: JPEG is decoded at the smallest DCT scale that leaves this many px along each side.
_DECODED_SIDE: Final = _SIDE

#: (8, 32): rows of the unnormalised DCT-II.
_COSINES: Final[NDArray[np.float64]] = np.cos(
    np.pi / (2 * _SIDE) * np.outer(np.arange(_KEPT), 2 * np.arange(_SIDE) + 1)
)


def hash_pixels(pixels: NDArray[np.uint8]) -> str | None:
    """Hash of upright pixels, (H, W, 3) RGB, as 16 hex digits; None as for ``hash_image``."""
    return hash_image(Image.fromarray(pixels))


def hash_bytes(data: bytes) -> str | None:
    """Hash of an encoded picture, upright; None also where it cannot be decoded.

    A JPEG is decoded at a fraction of its size, which may change a bit or two.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("L", (_DECODED_SIDE, _DECODED_SIDE))
            image.load()
            return hash_image(upright(image))
    # Decoders raise whatever odd bytes lead them to; whether that matters is not decided here.
    except Exception:
        return None


def hash_image(image: Image.Image) -> str | None:
    """Hash of an upright picture as 16 hex digits; None where it is of one tone."""
    grey = image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    pixels = np.asarray(grey, np.float64)
    if np.ptp(pixels) < _MIN_CONTRAST:
        return None
    # Rounded, because nothing but rounding errors would tell coefficients of zero apart.
    coefficients = np.round(_COSINES @ pixels @ _COSINES.T, 6)
    # The median of an even number, written out: numpy's own loads megabytes for it.
    middle = np.sort(coefficients, axis=None)[_KEPT**2 // 2 - 1 : _KEPT**2 // 2 + 1].mean()
    bits = coefficients > middle
    return np.packbits(bits).tobytes().hex()
