"""How much boxes have in common."""

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]


def overlaps(boxes: _Floats, others: _Floats) -> tuple[_Floats, _Floats]:
    """What each of ``boxes`` shares with each of ``others``.

    Args:
        boxes: (N, 4), left, top, right, bottom.
        others: (M, 4).

    Returns:
        Intersections, (N, M): as shares of the union, and of the area of ``boxes``.
    """
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=2)
    own, other = (np.prod(b[:, 2:] - b[:, :2], axis=1) for b in (boxes, others))
    return shared / (own[:, None] + other[None, :] - shared), shared / own[:, None]
