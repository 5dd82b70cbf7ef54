"""What an annotator is given and what it answers.

The annotators are modules of their own; which there are, and how they are loaded, belongs to
``registry``; who of several speaks, to ``composition``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class FaceCrop:
    """One face's picture.

    Attributes:
        face_id: The face's name.
        pixels: (H, W, 3), uint8, RGB.
        landmarks: (5, 2), x and y in pixels of the crop: left eye, right eye, nose, left and right
            corner of the mouth as the viewer sees them; None where the detector gave none.
        box_xyxy: (4,), left, top, right, bottom of the detector's box in pixels of the crop; of a
            turned crop, the box's bounding box. None where there is none.
    """

    face_id: str
    pixels: NDArray[np.uint8]
    landmarks: NDArray[np.float64] | None = None
    box_xyxy: NDArray[np.float64] | None = None

    @property
    def is_profile(self) -> bool:
        """Whether the nose points past one of the eyes; False where landmarks are unknown."""
        if self.landmarks is None:
            return False
        left, right, nose = self.landmarks[:3]
        between = (nose - left) @ (right - left)
        return not 0 <= between <= (right - left) @ (right - left)


@dataclass(frozen=True)
class FaceEvidence:
    """What one annotator says of one face.

    Attributes:
        probabilities: CelebA name → probability, [0, 1]. A name is absent where this face gives no
            basis: hidden, out of the picture, or too unclear to judge.
        age_years: Estimated age; None where not estimated.
    """

    probabilities: dict[str, float] = field(default_factory=dict)
    age_years: float | None = None


class Annotator(Protocol):
    """Judges faces; loaded once and used for many."""

    @property
    def name(self) -> str:
        """Its name in ``AttributeSettings``."""

    @property
    def attributes(self) -> tuple[str, ...]:
        """CelebA names that it can speak of."""

    def annotate(self, faces: Sequence[FaceCrop]) -> list[FaceEvidence]:
        """Evidence of each face, in order."""
