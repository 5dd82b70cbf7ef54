from collections.abc import Sequence

import numpy as np
import pytest

from facecaption_assets.attributes.annotators import FaceCrop, FaceEvidence
from facecaption_assets.attributes.frugal import FrugalAnnotator
from facecaption_assets.memory import OutOfMemory


class Hungry:
    """Needs more memory than there is for more than ``fits`` faces."""

    name = "hungry"
    attributes = ("Smiling",)

    def __init__(self, fits: int) -> None:
        self.fits = fits
        self.batches: list[int] = []

    def annotate(self, faces: Sequence[FaceCrop]) -> list[FaceEvidence]:
        self.batches.append(len(faces))
        if len(faces) > self.fits:
            raise MemoryError
        return [FaceEvidence({"Smiling": int(face.face_id) / 10}) for face in faces]


FACES = [FaceCrop(str(number), np.zeros((8, 8, 3), np.uint8)) for number in range(8)]


def test_faces_are_shown_in_smaller_batches_from_then_on() -> None:
    hungry = Hungry(2)
    frugal = FrugalAnnotator(hungry, 8)
    answers = frugal.annotate(FACES)
    assert [a.probabilities["Smiling"] for a in answers] == [n / 10 for n in range(8)]
    frugal.annotate(FACES[:4])
    assert hungry.batches == [8, 4, 2, 2, 2, 2, 2, 2]
    assert (frugal.name, frugal.attributes) == ("hungry", ("Smiling",))


def test_a_single_face_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(OutOfMemory):
        FrugalAnnotator(Hungry(0), 8).annotate(FACES)
