"""The Canny edges of a crop: a sketch of last resort, and evidence of its sharpness."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.faces.detection import RgbImage

#: Crops are measured at one size, px: edges per pixel depend on the resolution otherwise.
SIDE_PX: Final = 256
#: Canny's hysteresis thresholds on the gradient of 8-bit grey levels.
THRESHOLDS: Final = (100, 200)


def canny_edges(crop: RgbImage) -> NDArray[np.bool_]:
    """Which pixels Canny's detector calls an edge, (256, 256), of the crop brought to that size.

    Source: J. Canny, A Computational Approach to Edge Detection, IEEE TPAMI 8(6), 1986.
    """
    import cv2

    shrinks = max(crop.shape[:2]) > SIDE_PX
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    resized = cv2.resize(
        grey, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    return np.asarray(cv2.Canny(resized, *THRESHOLDS) > 0)


def edge_density(edges: NDArray[np.bool_]) -> float:
    """Share of pixels that are an edge, [0, 1].

    A blurred or enlarged face has fewer edges than a sharp one; a busy background adds some, so
    the number compares crops only on average.
    """
    return float(edges.mean())
