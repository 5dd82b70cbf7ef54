"""What training changes in a picture at random: a mirror image, and RandAugment.

As published for FLIP, which takes BLIP's RandAugment with a shorter list of operations: each of
``num_ops`` operations is drawn with replacement and applied with probability 1/2. At the published
magnitude 5, brightness and sharpness change nothing: their factor is then 1.

Source: https://github.com/salesforce/LAVIS, ``lavis/processors/randaugment.py`` (that of BLIP).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from flip_training.loading.transforms import Picture

#: What lies outside of a moved picture.
_GREY: Final = (128, 128, 128)


@dataclass(frozen=True)
class Augmentation:
    """Mirrors a picture with probability 1/2 and applies random operations to it.

    Attributes:
        num_ops: Operations drawn per picture; 0 for mirroring only.
        magnitude: Their strength, 0-10.
    """

    num_ops: int
    magnitude: int

    def __call__(self, picture: Picture, seed: int) -> Picture:
        """A changed picture of the same size; depends on nothing but the arguments."""
        rng = random.Random(seed)
        if rng.random() < 0.5:
            picture = cv2.flip(picture, 1)
        for _ in range(self.num_ops):
            operation = rng.choice(_NAMES)
            sign = rng.choice((-1, 1))
            if rng.random() < 0.5:
                picture = OPERATIONS[operation](picture, self.magnitude / 10, sign)
        return picture


def equalize(picture: Picture) -> Picture:
    """Each channel with its values spread evenly, as Pillow's ``ImageOps.equalize`` does."""
    return cv2.merge([cv2.LUT(channel, _even(channel)) for channel in cv2.split(picture)])


def _even(channel: Picture) -> Picture:
    counts = cv2.calcHist([channel], [0], None, [256], [0, 256]).ravel().astype(np.int64)
    step = (channel.size - counts[counts.nonzero()[0][-1]]) // 255
    if step == 0:
        return np.arange(256, dtype=np.uint8)
    below = np.concatenate([[0], counts.cumsum()[:-1]])
    table: Picture = np.minimum((below + step // 2) // step, 255).astype(np.uint8)
    return table


def brightness(picture: Picture, factor: float) -> Picture:
    """The picture with its values multiplied, as Pillow's ``ImageEnhance.Brightness`` does."""
    table = (np.arange(256) * np.float32(factor)).clip(0, 255).astype(np.uint8)
    return cv2.LUT(picture, table)


def sharpness(picture: Picture, factor: float) -> Picture:
    """Away from a smoothed picture, or towards it below 1; but for the outermost pixels.

    As Pillow's ``ImageEnhance.Sharpness`` does.
    """
    kernel = np.ones((3, 3), np.float32)
    kernel[1, 1] = 5
    smooth = cv2.filter2D(picture, -1, kernel / 13)
    sharpened = cv2.addWeighted(picture, factor, smooth, 1 - factor, 0)
    changed = picture.copy()
    changed[1:-1, 1:-1] = sharpened[1:-1, 1:-1]
    return changed


def moved(picture: Picture, matrix: list[list[float]]) -> Picture:
    """The picture under an affine map of its pixels' (x, y), bilinear; grey outside of it."""
    height, width = picture.shape[:2]
    affine = np.array(matrix, np.float32)
    return cv2.warpAffine(picture, affine, (width, height), borderValue=_GREY)


def rotate(picture: Picture, degrees: float) -> Picture:
    """Anti-clockwise around the middle."""
    height, width = picture.shape[:2]
    return moved(picture, cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1).tolist())


def _shift(picture: Picture, strength: float) -> float:
    """How far to move: ten pixels at most of the 224 that a published picture has."""
    return strength * 10 / 224 * len(picture)


#: Each takes a picture, a strength in [0, 1] and a sign, and gives a picture.
OPERATIONS: Final[dict[str, Callable[[Picture, float, int], Picture]]] = {
    "identity": lambda p, _s, _sign: p,
    "brightness": lambda p, s, _sign: brightness(p, 0.1 + 1.8 * s),
    "sharpness": lambda p, s, _sign: sharpness(p, 0.1 + 1.8 * s),
    "equalize": lambda p, _s, _sign: equalize(p),
    "shear_x": lambda p, s, sign: moved(p, [[1, sign * 0.3 * s, 0], [0, 1, 0]]),
    "shear_y": lambda p, s, sign: moved(p, [[1, 0, 0], [sign * 0.3 * s, 1, 0]]),
    "translate_x": lambda p, s, sign: moved(p, [[1, 0, sign * _shift(p, s)], [0, 1, 0]]),
    "translate_y": lambda p, s, sign: moved(p, [[1, 0, 0], [0, 1, sign * _shift(p, s)]]),
    "rotate": lambda p, s, sign: rotate(p, sign * 30 * s),
}
_NAMES: Final = tuple(OPERATIONS)
