"""Whether a crop is blurred, from its pixels alone: no mask is needed, nor found on much blur.

Only ``Blurry``: what else a picture's quality may be belongs to nobody yet.
"""

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.attributes.soft_scores import below

#: Side at which sharpness is judged, px: about what a viewer sees of a face. Smaller crops are
#: judged as they are, since a small picture may be crisp.
_SIDE: Final = 256
#: Rows and columns of a crop in which the face lies, shares of its side.
_FACE: Final = (slice(0.25, 0.8), slice(0.25, 0.75))


def blur_probability(pixels: NDArray[np.uint8]) -> float | None:
    """P(Blurry) of a crop.

    Args:
        pixels: (H, W, 3), RGB, a face in its middle.

    Returns:
        Probability in (0, 1); None where the crop is of one tone.
    """
    sharpness = detail_ratio(pixels)
    if sharpness is None:
        return None
    # Sample crops have -0.6 to -1.2 as they are, -1.0 to -1.4 after a Gaussian of 1 px at 256 px,
    # -1.5 to -1.8 after one of 2 px, -1.9 to -2.1 after one of 3 px. The softest of 150 photos
    # of others, enlarged thumbnails, have -1.8 to -1.95. Of CelebA crops above -1.2, 98 % are not
    # blurry by their labels.
    return below(sharpness, -1.62, 0.24)


def detail_ratio(pixels: NDArray[np.uint8]) -> float | None:
    """Log of the energy of details of 1-2 px against those of 2-4 px, in the face.

    A ratio, because smooth skin, low contrast and dim light lower both alike. The finest band is
    left out: it holds the camera's noise and the traces of JPEG.
    """
    import cv2

    scale = _SIDE / max(pixels.shape[:2])
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    octaves = [cv2.GaussianBlur(grey.astype(np.float32), (0, 0), sigma) for sigma in (1, 2, 4)]
    fine, coarse = (
        float(np.square((one - other)[_middle(grey.shape)]).mean())
        for one, other in pairwise(octaves)
    )
    return float(np.log(fine / coarse)) if min(fine, coarse) > _NO_DETAIL else None


#: Energy below which there is nothing but rounding, grey levels squared.
_NO_DETAIL: Final = 1e-3


def _middle(shape: tuple[int, ...]) -> tuple[slice, slice]:
    rows, columns = (
        slice(round(part.start * side), round(part.stop * side))
        for part, side in zip(_FACE, shape, strict=False)
    )
    return rows, columns
