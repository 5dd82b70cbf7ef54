"""Tiny captioners on disk, noisy pictures, rows of kept faces, and a captioner that is told."""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image

from facecaption_assets.captions.captioners.captioner import Sitting
from facecaption_assets.captions.captioners.sampling import draws_of
from facecaption_assets.captions.captioners.settings import CaptionerSettings
from facecaption_assets.schema import FACE_CROPS
from tests.tiny_models import save_blip, save_blip2, save_clip, seeded


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Tiny networks are slowed down by more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def blip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded(save_blip, tmp_path_factory.mktemp("blip"))


@pytest.fixture(scope="session")
def blip2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded(save_blip2, tmp_path_factory.mktemp("blip2"))


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded(save_clip, tmp_path_factory.mktemp("clip"))


def noise(count: int) -> list[np.ndarray]:
    random = np.random.default_rng(3)
    return [random.integers(0, 256, (40 + 5 * i, 48, 3), np.uint8) for i in range(count)]


@pytest.fixture
def sittings() -> Callable[..., list[Sitting]]:
    """Noisy faces with the draws of given settings."""

    def make(settings: CaptionerSettings, count: int = 3) -> list[Sitting]:
        return [
            Sitting(f"f{i}", pixels, draws_of(f"f{i}", settings))
            for i, pixels in enumerate(noise(count))
        ]

    return make


@pytest.fixture
def crops() -> Callable[[int], tuple[pa.Table, list[tuple[str, bytes]]]]:
    """Kept faces, one per picture, and their pictures."""

    def make(count: int) -> tuple[pa.Table, list[tuple[str, bytes]]]:
        rows: list[dict[str, Any]] = []
        pictures = []
        for index, pixels in enumerate(noise(count)):
            key = f"drawn-00000-{index:05d}"
            rows.append({"face_id": f"{key}-0", "key": key, "split_group": key, "status": "kept"})
            sink = io.BytesIO()
            Image.fromarray(pixels).save(sink, "PNG")
            pictures.append((f"{key}-0", sink.getvalue()))
        return FACE_CROPS.from_rows(rows), pictures

    return make


@dataclass
class ToldCaptioner:
    """Says what it is told, by draw; dies of faces that are listed."""

    says: Sequence[str] = ("a woman in a red scarf",)
    name: str = "told"
    dies_of: tuple[str, ...] = ()
    death: Exception = field(default_factory=lambda: RuntimeError("the model died"))
    fits: int = 1000
    batches: list[int] = field(default_factory=list)

    def caption(self, sittings: Sequence[Sitting]) -> list[list[str]]:
        self.batches.append(len(sittings))
        if len(sittings) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        if any(sitting.face_id in self.dies_of for sitting in sittings):
            raise self.death
        return [list(self.says) for _ in sittings]


@dataclass
class LengthRanker:
    """Prefers short texts."""

    def cosines(
        self, pictures: Sequence[np.ndarray], texts: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        assert len(pictures) == len(texts)
        return [[1 / len(text) for text in own] for own in texts]


@pytest.fixture
def told() -> type[ToldCaptioner]:
    return ToldCaptioner


@pytest.fixture
def ranker() -> LengthRanker:
    return LengthRanker()
