"""Edge density: how much fine structure a crop has, as evidence of its sharpness."""

from typing import Final

from facecaption_assets.faces.detection import RgbImage

#: Crops are measured at one size, px: edges per pixel depend on the resolution otherwise.
SIDE_PX: Final = 256
#: Canny's hysteresis thresholds on the gradient of 8-bit grey levels.
THRESHOLDS: Final = (100, 200)


def canny_edge_density(crop: RgbImage) -> float:
    """Share of pixels that Canny's detector calls an edge, [0, 1], at a fixed size.

    A blurred or enlarged face has fewer edges than a sharp one; a busy background adds some, so
    the number compares crops only on average.

    Source: J. Canny, A Computational Approach to Edge Detection, IEEE TPAMI 8(6), 1986.
    """
    import cv2

    shrinks = crop.shape[0] > SIDE_PX
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    resized = cv2.resize(
        grey, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    return float((cv2.Canny(resized, *THRESHOLDS) > 0).mean())
