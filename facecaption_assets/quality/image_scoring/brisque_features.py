"""The 36 natural scene statistics of a picture that BRISQUE judges it by.

What they make of a picture's quality belongs to ``brisque``.

Source: A. Mittal, A. K. Moorthy and A. C. Bovik, No-Reference Image Quality Assessment in the
Spatial Domain, IEEE Transactions on Image Processing 21(12), 2012. Implementations differ in
details. Here it is as in the package that carries the model: the asymmetric distribution is fitted
to the coefficients as well as to their products, the smaller scale is interpolated without a
filter, and beyond its edges a picture is black.
"""

from functools import cache
from math import exp, lgamma, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

FEATURES: Final = 36

#: Shorter side from which the statistics of a picture and of its half mean anything, px.
MIN_SIDE_PX: Final = 16

#: Weights of red, green and blue in luminance (ITU-R BT.709), for values in [0, 1].
_LUMINANCE: Final = np.array([[0.2125, 0.7154, 0.0721]]) / 255

_WINDOW: Final = (7, 7)
_SIGMA: Final = 7 / 6
#: Keeps the division stable where a picture is flat: one grey level.
_STABILISER: Final = 1 / 255
#: Smaller coefficients are rounding errors. What is flat is flat: their signs would be counted,
#: and of a heavily compressed picture they decide ten points of the score.
_ROUNDING: Final = 1e-9

#: Shapes among which a fit looks: least, greatest, step. 1 is Laplace's distribution, 2 the normal
#: one.
_SHAPES: Final = (0.2, 10.0, 0.001)

_Values = NDArray[np.float64]


class Unmeasurable(ValueError):
    """A picture is too small, too flat or too regular to have such statistics."""


def brisque_features(pixels: NDArray[np.uint8]) -> _Values:
    """Features of a picture and of its half, 18 each, (36,).

    Args:
        pixels: (H, W, 3), RGB.

    Raises:
        Unmeasurable: If the picture has fewer than ``MIN_SIDE_PX`` pixels on a side, or is of one
            tone or a plain pattern such as stripes.
    """
    import cv2

    height, width = pixels.shape[:2]
    if min(height, width) < MIN_SIDE_PX:
        raise Unmeasurable(f"{width} by {height} px; BRISQUE needs {MIN_SIDE_PX} on either side")
    grey = cv2.transform(pixels.astype(np.float64), _LUMINANCE)
    half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_CUBIC)
    scales = (np.asarray(scale, np.float64) for scale in (grey, half))
    return np.concatenate([_scale_features(scale) for scale in scales])


def _scale_features(grey: _Values) -> _Values:
    """18 features: shape and variance of the coefficients, four of each of the products."""
    values = normalised_coefficients(grey)
    shape, _, left, right = asymmetric_fit(values)
    products = (
        values[:, :-1] * values[:, 1:],
        values[:-1] * values[1:],
        values[:-1, :-1] * values[1:, 1:],
        values[1:, :-1] * values[:-1, 1:],
    )
    return np.concatenate([(shape, (left + right) / 2), *map(asymmetric_fit, products)])


def normalised_coefficients(grey: _Values) -> _Values:
    """Grey levels less their local mean, divided by their local deviation (MSCN).

    Args:
        grey: (H, W), in [0, 1]; beyond the edges it counts as black.
    """
    import cv2

    def blurred(values: _Values) -> _Values:
        smooth = cv2.GaussianBlur(values, _WINDOW, _SIGMA, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(smooth, np.float64)

    mean = blurred(grey)
    deviation = np.sqrt(np.abs(blurred(grey * grey) - mean * mean))
    values = (grey - mean) / (deviation + _STABILISER)
    values[np.abs(values) < _ROUNDING] = 0.0
    return values


def asymmetric_fit(values: _Values) -> tuple[float, float, float, float]:
    """Asymmetric generalised Gaussian of the values' moments.

    Returns:
        Shape, in [0.2, 10]; mean; variance to the left of zero and to the right of it.

    Raises:
        Unmeasurable: If the values are not spread to both sides of zero.
    """
    flat = values.ravel()
    negative = np.minimum(flat, 0.0)
    on_left = np.count_nonzero(negative)
    squares, left_squares = _sum_of_squares(flat), _sum_of_squares(negative)
    right_squares = squares - left_squares
    if left_squares <= 0.0 or right_squares <= 0.0:
        raise Unmeasurable("the picture is of one tone or a plain pattern")
    left = left_squares / on_left
    right = right_squares / (flat.size - on_left)
    mean_size = (float(flat.sum()) - 2 * float(negative.sum())) / flat.size
    skew = sqrt(left / right)
    ratio = mean_size**2 / (squares / flat.size) * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    shape = _shape_of(ratio)
    mean = (sqrt(right) - sqrt(left)) * sqrt(_ratio_of(shape))
    return shape, mean, left, right


def _ratio_of(shape: float) -> float:
    """(E|x|)² / E[x²] of a symmetric generalised Gaussian; it grows with the shape."""
    return exp(2 * lgamma(2 / shape) - lgamma(1 / shape) - lgamma(3 / shape))


def _shape_of(ratio: float) -> float:
    """The shape whose ratio that is, or the nearest."""
    return float(np.interp(ratio, *_shape_table()))


@cache
def _shape_table() -> tuple[_Values, _Values]:
    """Ratios and their shapes."""
    least, greatest, step = _SHAPES
    shapes = np.arange(least, greatest + step / 2, step)
    return np.array([_ratio_of(shape) for shape in shapes.tolist()]), shapes


def _sum_of_squares(values: _Values) -> float:
    # Not by ``@``, whose threads take longer to start than such a sum takes.
    return float(np.einsum("i,i", values, values))
