"""Fakes of what the stages depend on: a detector, an annotator, a language model."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from facecaption_assets.attributes.annotators import FaceCrop, FaceEvidence
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.faces.detection import Detection
from facecaption_assets.profiles import Profile
from facecaption_assets.quality.image_scoring.scoring import Scorers
from facecaption_assets.rewriting.client import Completion, Payload


class CentreDetector:
    """Finds one face in the middle of every picture that is wider than 200 px."""

    name = "centre"
    image_size = 640

    def input_shape(self, height: int, width: int) -> tuple[int, int]:
        return self.image_size, self.image_size

    def detect(self, images: Sequence[np.ndarray]) -> list[list[Detection]]:
        return [self._faces(*image.shape[:2]) for image in images]

    def _faces(self, height: int, width: int) -> list[Detection]:
        if width <= 200:
            return []
        box = (width * 0.25, height * 0.25, width * 0.75, height * 0.75)
        return [Detection(box, 0.9)]


class SmilingManAnnotator:
    """Says of every face that it is a smiling man with black hair."""

    name = "smiling_man"
    attributes = ("Male", "Smiling", "Black_Hair")

    def annotate(self, faces: Sequence[FaceCrop]) -> list[FaceEvidence]:
        return [FaceEvidence(dict.fromkeys(self.attributes, 0.97), 40.0) for _ in faces]


class SteadyScorer:
    """Gives every picture the same BRISQUE."""

    def __init__(self, value: float) -> None:
        self.value = value

    def score(self, pixels: np.ndarray) -> float:
        return self.value


class DreamingClient:
    """Answers every request with a sentence about somebody else."""

    model = "dreaming"

    def __init__(self) -> None:
        self.requests: list[Payload] = []

    async def complete(self, payload: Payload) -> Completion:
        self.requests.append(payload)
        return Completion("A woman with a sharp jawline wears a red hat.", 10, 9, self.model)

    async def aclose(self) -> None:
        pass


class FakeModels(Dataset):
    """The dataset with fakes in the place of models, and without a lexicon of nouns."""

    @property
    def profile(self) -> Profile:
        profile = super().profile
        return replace(profile, texts=replace(profile.texts, nouns=""))

    def detector(self) -> CentreDetector:
        return CentreDetector()

    def annotators(self) -> list[SmilingManAnnotator]:
        return [SmilingManAnnotator()]

    def image_scorers(self) -> Scorers:
        return Scorers(SteadyScorer(12.0), None)

    @contextmanager
    def chat_client(self) -> Iterator[DreamingClient]:
        yield DreamingClient()
