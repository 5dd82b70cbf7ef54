"""A parsed face: the class of every pixel, and where the head lies among them.

Measurements on a mask and whether it can be trusted. Which attribute follows from a measurement
belongs to ``mask_attributes`` and ``hair_colour``; how the mask is computed, to ``face_parsing``.

Shapes: S side of the square mask, px.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray


class FacePart(IntEnum):
    """Classes of CelebAMask-HQ in the order of the checkpoint, checked by eye on 100 photos."""

    BACKGROUND = 0
    SKIN = 1
    LEFT_BROW = 2
    RIGHT_BROW = 3
    LEFT_EYE = 4
    RIGHT_EYE = 5
    GLASSES = 6
    LEFT_EAR = 7
    RIGHT_EAR = 8
    EARRING = 9
    NOSE = 10
    MOUTH = 11
    UPPER_LIP = 12
    LOWER_LIP = 13
    NECK = 14
    NECKLACE = 15
    CLOTH = 16
    HAIR = 17
    HAT = 18


_FACE: Final = (
    FacePart.SKIN,
    FacePart.LEFT_BROW,
    FacePart.RIGHT_BROW,
    FacePart.LEFT_EYE,
    FacePart.RIGHT_EYE,
    FacePart.GLASSES,
    FacePart.NOSE,
    FacePart.MOUTH,
    FacePart.UPPER_LIP,
    FacePart.LOWER_LIP,
)
_LIPS: Final = (FacePart.MOUTH, FacePart.UPPER_LIP, FacePart.LOWER_LIP)

#: A face fills 10-30 % of most crops; seen from the front, its nose is 5-8 % of it and its lips
#: are 3-4 %. Masks of blurred, tiny or faceless crops break at least one of the three, and so do
#: some of profiles.
_MIN_FACE_SHARE: Final = 0.08
_MIN_NOSE_SHARE: Final = 0.015
_MIN_LIPS_SHARE: Final = 0.005
_MIN_LANDMARKS_ON_FACE: Final = 4


@dataclass(frozen=True, eq=False)
class HeadFrame:
    """Coordinates along the head: origin between the eyes, unit = distance from eyes to mouth.

    Attributes:
        across: (S, S), to the viewer's right.
        up: (S, S), towards the crown; the mouth lies at -1.
        half_width: Half the distance between the eyes, or its frontal value where the head is
            turned away.
    """

    across: NDArray[np.float64]
    up: NDArray[np.float64]
    half_width: float


@dataclass(frozen=True, eq=False)
class FaceMask:
    """A crop and the class of each of its pixels, at one size.

    Attributes:
        pixels: (S, S, 3), uint8, RGB.
        parts: (S, S), uint8, values of ``FacePart``.
        landmarks: (5, 2), x and y in pixels of the mask; None where unknown.
    """

    pixels: NDArray[np.uint8]
    parts: NDArray[np.uint8]
    landmarks: NDArray[np.float64] | None

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Pixels of each class, (19,)."""
        return np.bincount(self.parts.ravel(), minlength=len(FacePart))

    @cached_property
    def lab(self) -> NDArray[np.float32]:
        """The pixels in CIELAB, lightness in [0, 100]; (S, S, 3)."""
        import cv2

        lab = cv2.cvtColor(self.pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        return np.asarray(lab, np.float32)

    @cached_property
    def face(self) -> NDArray[np.bool_]:
        """Skin and features, glasses included; without ears, neck and hair; (S, S)."""
        return self.region(*_FACE)

    def region(self, *parts: FacePart) -> NDArray[np.bool_]:
        """Pixels of any of these classes, (S, S)."""
        wanted = np.zeros(256, np.bool_)
        wanted[list(parts)] = True
        return np.asarray(wanted[self.parts])  # A look-up: np.isin takes ten times as long.

    def share(self, part: FacePart) -> float:
        """Size of a part relative to the face; above 1 for much hair."""
        return float(self.counts[part] / max(self.counts[list(_FACE)].sum(), 1))

    @cached_property
    def is_coherent(self) -> bool:
        """Whether this is the mask of a face: parts where the landmarks say, in likely sizes."""
        size = self.counts[list(_FACE)].sum()
        if size < _MIN_FACE_SHARE * self.parts.size:
            return False
        lips = self.counts[list(_LIPS)].sum() / size
        if self.share(FacePart.NOSE) < _MIN_NOSE_SHARE or lips < _MIN_LIPS_SHARE:
            return False
        return self._landmarks_on_face() >= _MIN_LANDMARKS_ON_FACE

    def _landmarks_on_face(self) -> int:
        if self.landmarks is None:
            return _MIN_LANDMARKS_ON_FACE
        column, row = np.clip(self.landmarks, 0, len(self.parts) - 1).astype(int).T
        return int(self.face[row, column].sum())

    @cached_property
    def head(self) -> HeadFrame | None:
        """Coordinates along the head; None without usable landmarks."""
        if self.landmarks is None:
            return None
        left_eye, right_eye, _, *mouth = self.landmarks
        eyes = (left_eye + right_eye) / 2
        height = float(np.linalg.norm(eyes - np.mean(mouth, axis=0)))
        if height < 1.0:
            return None
        up = (eyes - np.mean(mouth, axis=0)) / height
        across = np.array([-up[1], up[0]])
        rows, columns = (np.arange(side) for side in self.parts.shape)
        right, down = columns - eyes[0], (rows - eyes[1])[:, None]  # (S,), (S, 1)
        # Seen from the front, the eyes are 0.87 eye-to-mouth heights apart (ArcFace's template).
        half_width = max(float(np.linalg.norm(right_eye - left_eye)) / height, 0.6) / 2
        return HeadFrame(
            (right * across[0] + down * across[1]) / height,
            (right * up[0] + down * up[1]) / height,
            half_width,
        )
