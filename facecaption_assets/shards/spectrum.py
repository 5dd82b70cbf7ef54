"""The coarsest structure of a grey picture: its lowest DCT coefficients.

What is made of them belongs to ``perceptual_hash``. The coefficients are those of the picture's
area, not of a grid of pixels: each pixel counts with the stretch that it covers, the last ones of a
reduced picture perhaps with less. So a picture and its copies of other sizes agree, without being
brought to one size first.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: Coefficients along each axis.
KEPT: Final = 16

#: Pixels along each axis that tell the coefficients well; of twice as many, means are taken.
ENOUGH_PIXELS: Final = 4 * KEPT

#: Pictures whose grey levels span less than this have no structure: what there is would be noise.
_MIN_CONTRAST: Final = 8

#: EXIF orientations that show a stored picture mirrored from left to right, mirrored from top to
#: bottom, and with rows for columns, in this order (EXIF 2.32, 4.6.4).
_MIRRORED_X: Final = (2, 3, 7, 8)
_MIRRORED_Y: Final = (3, 4, 6, 7)
_TRANSPOSED: Final = (5, 6, 7, 8)

#: What mirroring does to each wave: the odd ones change their signs.
_SIGNS: Final = np.where(np.arange(KEPT) % 2, -1.0, 1.0)


def coarse_spectrum(
    grey: Image.Image, extent: tuple[float, float] | None = None, orientation: int = 1
) -> NDArray[np.float64] | None:
    """The lowest coefficients of the DCT-II of a picture as it is shown.

    Args:
        grey: Mode L, as stored.
        extent: Width and height of the picture in pixels of ``grey``, whose last column and row may
            reach beyond it by less than a pixel. The size of ``grey`` where None.
        orientation: EXIF orientation, 1-8.

    Returns:
        (16, 16), in grey levels; the first axis is down the picture, the first coefficient the mean
        level. None where the picture is of one tone.
    """
    width, height = extent or grey.size
    across, down = (max(1, side // ENOUGH_PIXELS) for side in grey.size)
    small = grey.reduce((across, down))
    pixels = np.asarray(small)
    if pixels.max() - pixels.min() < _MIN_CONTRAST:
        return None
    rows = _cosines(small.height, down / height)
    columns = _cosines(small.width, across / width)
    # Not a product of BLAS, whose buffers take more memory than so little work is worth.
    along_columns = np.einsum("ij,jk->ik", rows, pixels.astype(np.float64))
    return _shown(np.einsum("ij,kj->ik", along_columns, columns), orientation)


def _shown(spectrum: NDArray[np.float64], orientation: int) -> NDArray[np.float64]:
    """The spectrum of the picture turned upright."""
    if orientation in _MIRRORED_X:
        spectrum = spectrum * _SIGNS
    if orientation in _MIRRORED_Y:
        spectrum = spectrum * _SIGNS[:, np.newaxis]
    return spectrum.T if orientation in _TRANSPOSED else spectrum


@lru_cache(maxsize=64)
def _cosines(samples: int, step: float) -> NDArray[np.float64]:
    """Integrals of the first cosine waves over each sample's stretch of the axis, (16, samples).

    The axis has length one, a sample the length ``step``, the last one what is left.
    """
    edges = np.minimum(np.arange(samples + 1) * step, 1.0)
    waves = np.pi * np.arange(1, KEPT)[:, np.newaxis]
    return np.vstack([np.diff(edges), np.diff(np.sin(waves * edges)) / waves])
