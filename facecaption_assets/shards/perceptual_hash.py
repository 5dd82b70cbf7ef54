"""A picture's perceptual hashes: near-equal pictures have hashes that differ in few bits.

The short one is the classical 64-bit DCT hash, mostly within two bits of ``imagehash.phash``, so
that hashes made elsewhere can be put on the opt-out list. The long one, 256 bits made in the same
way of finer structure, tells pictures apart that are composed alike. Both tell copies of one
picture from other pictures; they describe no face and recognise nobody.

Source: C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010,
with the median over the DC and all other coefficients, as ``imagehash`` has it.
"""

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from facecaption_assets.shards.colours import to_srgb
from facecaption_assets.shards.images import orientation_of
from facecaption_assets.shards.spectrum import ENOUGH_PIXELS, KEPT, coarse_spectrum

#: Columns of the hashes, by the coefficients that each keeps along an axis: the coarsest structure,
#: which copies have in common.
HASH_COLUMNS: Final = {"phash": 8, "phash256": KEPT}


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
            # A large JPEG is decoded at a fraction of its size that has pixels enough.
            drafted = image.draft("L", (ENOUGH_PIXELS, ENOUGH_PIXELS))
            image.load()
            # Pillow's own way to grey would clip 16 bits to white.
            shown = to_srgb(image) if image.mode.startswith("I") else image
            extent = drafted[1][2:] if drafted else None
            return _hashes(coarse_spectrum(shown.convert("L"), extent, orientation))
    # Decoders raise whatever odd bytes lead them to; whether that matters is not decided here.
    except Exception:
        return dict.fromkeys(HASH_COLUMNS)


def hash_image(image: Image.Image) -> str | None:
    """The short hash of an upright picture as 16 hex digits; None where it is of one tone."""
    return _hashes(coarse_spectrum(image.convert("L")))["phash"]


def _hashes(spectrum: NDArray[np.float64] | None) -> dict[str, str | None]:
    if spectrum is None:
        return dict.fromkeys(HASH_COLUMNS)
    # Rounded, because nothing but rounding errors would tell coefficients of zero apart.
    rounded = np.round(spectrum, 9)
    return {name: _bits_of(rounded[:kept, :kept]) for name, kept in HASH_COLUMNS.items()}


def _bits_of(coefficients: NDArray[np.float64]) -> str:
    """Which coefficients are above their median, row by row, as hex digits."""
    ordered, half = np.sort(coefficients, axis=None), coefficients.size // 2
    # The median of an even number, written out: numpy's own loads megabytes for it.
    middle = (ordered[half - 1] + ordered[half]) / 2
    return np.packbits(coefficients > middle).tobytes().hex()
