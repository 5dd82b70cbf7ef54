"""A dataset whose models are fakes: everything else is real."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import numpy as np
import pytest

from facecaption_assets.attributes.annotators import FaceCrop, FaceEvidence
from facecaption_assets.defs.registry import add_partitions, register_new_shards, registered_keys
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.faces.detection import Detection
from facecaption_assets.rewriting.client import Completion, Payload
from facecaption_assets.shards.sources import Source, add_source


class CentreDetector:
    """Finds one face in the middle of every picture that is wider than 200 px."""

    name = "centre"

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
    """The dataset with fakes in the place of models."""

    def detector(self) -> CentreDetector:
        return CentreDetector()

    def annotators(self) -> list[SmilingManAnnotator]:
        return [SmilingManAnnotator()]

    @contextmanager
    def chat_client(self) -> Iterator[DreamingClient]:
        yield DreamingClient()


@pytest.fixture
def photos(tmp_path: Path, picture) -> Path:
    """Four pictures in name order: two with a face, one too small for one, one broken."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(picture(400, 400))
    (folder / "b.png").write_bytes(picture(500, 300, kind="PNG"))
    (folder / "c.jpg").write_bytes(picture(64, 48))
    (folder / "d.jpg").write_bytes(b"not a picture")
    return folder


@pytest.fixture
def dataset(tmp_path: Path, photos: Path) -> FakeModels:
    """A data root with the photos registered as one shard, ``mine-00000``."""
    dataset = FakeModels(home=str(tmp_path / "home"), profile_name="embedded")
    add_source(dataset.storage, Source("mine", "folder", str(photos)))
    register_new_shards(dataset, quiet_s=0)
    return dataset


@pytest.fixture
def instance(dataset: FakeModels, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    folder = tmp_path / "dagster"
    folder.mkdir()
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        add_partitions(instance, registered_keys(dataset))
        yield instance
