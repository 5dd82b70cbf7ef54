"""Where a point of a picture as LAION knew it lies in the picture that is stored here.

Geometry only, no pixels. Coordinates follow ``detection``: a pixel covers [i, i + 1).

LAION-Face was fetched with img2dataset and ``resize_mode no``, which decodes without regard to
EXIF orientation and encodes anew. So published boxes are taken to be in pixels of the file as
coded, at the size that LAION's metadata gives. Where only the upright picture has the shape that
LAION gives, boxes are taken to be in the upright one.
Source: https://github.com/FacePerceiver/LAION-Face, ``download.sh``;
https://github.com/rom1504/img2dataset, ``resizer.py``.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Two pictures whose aspect ratios differ by more than this share are not the same picture at
#: two sizes. It leaves room for thumbnails, whose sides are rounded to whole pixels.
ASPECT_TOLERANCE: Final = 0.02

#: What an EXIF orientation does to a point of the coded picture, in shares of its sides, to give
#: shares of the upright one: u' = a u + b v + c, v' = d u + e v + f.
_UPRIGHT: Final[dict[int, NDArray[np.float64]]] = {
    orientation: np.array([turn[:3], turn[3:], (0, 0, 1)], np.float64)
    for orientation, turn in {
        1: (1, 0, 0, 0, 1, 0),
        2: (-1, 0, 1, 0, 1, 0),
        3: (-1, 0, 1, 0, -1, 1),
        4: (1, 0, 0, 0, -1, 1),
        5: (0, 1, 0, 1, 0, 0),
        6: (0, -1, 1, 1, 0, 0),
        7: (0, -1, 1, -1, 0, 1),
        8: (0, 1, 0, -1, 0, 1),
    }.items()
}
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})


class Size(NamedTuple):
    """A picture's sides, px."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width} by {self.height}"


class AnotherPicture(ValueError):
    """The shapes disagree: what was said of one picture does not hold of the other."""


def placement(seen: Size, upright: Size, orientation: int, stored: Size) -> NDArray[np.float64]:
    """Transform from the picture as LAION knew it to the stored one.

    Args:
        seen: Picture as LAION knew it.
        upright: Picture as fetched, after its EXIF orientation was applied.
        orientation: That EXIF orientation, 1-8.
        stored: Picture as stored: ``upright`` itself, or shrunk, or shrunk into a square with
            borders.

    Returns:
        (3, 3), homogeneous; each axis has a scale of its own.

    Raises:
        AnotherPicture: If ``seen`` is neither the coded nor the upright picture at another size.
    """
    coded = Size(upright.height, upright.width) if orientation in _SIDEWAYS else upright
    if _same_shape(seen, coded):
        turn = _UPRIGHT[orientation]
    elif _same_shape(seen, upright):
        turn = _UPRIGHT[1]
    else:
        raise AnotherPicture(f"LAION saw {seen} px, the picture fetched has {coded} px")
    shares = np.diag([1 / seen.width, 1 / seen.height, 1.0])
    placed: NDArray[np.float64] = _into_stored(upright, stored) @ turn @ shares
    return placed


def place(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 2) under a transform (3, 3)."""
    moved: NDArray[np.float64] = points @ matrix[:2, :2].T + matrix[:2, 2]
    return moved


def _same_shape(one: Size, other: Size) -> bool:
    if min(*one, *other) < 1:
        return False
    ratio = (one.width * other.height) / (one.height * other.width)
    return max(ratio, 1 / ratio) <= 1 + ASPECT_TOLERANCE


def _into_stored(upright: Size, stored: Size) -> NDArray[np.float64]:
    """Shares of the upright picture to pixels of the stored one, which may have borders."""
    scale = min(1.0, stored.width / upright.width, stored.height / upright.height)
    inner = np.maximum(1, np.round(np.array(upright) * scale))
    left, top = (np.array(stored) - inner) // 2
    return np.array([(inner[0], 0, left), (0, inner[1], top), (0, 0, 1)], np.float64)
