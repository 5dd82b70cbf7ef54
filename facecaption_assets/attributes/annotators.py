"""What an annotator is given, what it answers, and how the configured ones are loaded.

The annotators themselves are in ``face_parsing``, ``age_gender`` and ``blendshapes``; when a
probability becomes a state belongs to ``labelling``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.models import ModelStore


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
        """Its name in ``AttributeSettings.annotators``."""

    @property
    def attributes(self) -> tuple[str, ...]:
        """CelebA names that it can speak of."""

    def annotate(self, faces: Sequence[FaceCrop]) -> list[FaceEvidence]:
        """Evidence of each face, in order."""


# Annotators are imported where they are loaded: they build on the types above.


def _load_face_parsing(store: ModelStore) -> Annotator:
    from facecaption_assets.attributes.face_parsing import FaceParsingAnnotator

    return FaceParsingAnnotator(store.path("bisenet-celebamask", _SETTING))


def _load_age_gender(store: ModelStore) -> Annotator:
    from facecaption_assets.attributes.age_gender import AgeGenderAnnotator

    return AgeGenderAnnotator(store.path("age-v1", _SETTING), store.path("gender-v1", _SETTING))


def _load_blendshapes(store: ModelStore) -> Annotator:
    from facecaption_assets.attributes.blendshapes import BlendshapeAnnotator

    return BlendshapeAnnotator(store.path("face-landmarker", _SETTING))


@dataclass(frozen=True)
class AnnotatorEntry:
    """An annotator that settings can name: its weights in the model store, and its loader."""

    models: tuple[str, ...]
    load: Callable[[ModelStore], Annotator]


_SETTING: Final = "AttributeSettings.annotators"

ANNOTATORS: Final[dict[str, AnnotatorEntry]] = {
    "face_parsing": AnnotatorEntry(("bisenet-celebamask",), _load_face_parsing),
    "age_gender": AnnotatorEntry(("age-v1", "gender-v1"), _load_age_gender),
    "blendshapes": AnnotatorEntry(("face-landmarker",), _load_blendshapes),
}


def annotator_entry(name: str) -> AnnotatorEntry:
    """The annotator of a name.

    Raises:
        ValueError: If there is none of that name.
    """
    try:
        return ANNOTATORS[name]
    except KeyError:
        raise ValueError(f"{_SETTING} names {name!r}; known are {', '.join(ANNOTATORS)}") from None


def load_annotators(settings: AttributeSettings, store: ModelStore) -> list[Annotator]:
    """The annotators that ``settings.annotators`` names, in order.

    Raises:
        ValueError: If a name is unknown.
        ModelUnavailable: If weights cannot be had.
    """
    from facecaption_assets.attributes.frugal import FrugalAnnotator

    entries = [annotator_entry(name) for name in settings.annotators]
    return [FrugalAnnotator(entry.load(store), settings.batch_size) for entry in entries]
