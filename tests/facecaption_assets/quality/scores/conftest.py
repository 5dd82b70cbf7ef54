"""A shard of noisy pictures with two kinds of captions, tiny CLIPs, and a CLIP that is told."""

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

from facecaption_assets.schema import TABLES
from tests.tiny_models import save_clip, save_siglip, seeded

Row = dict[str, Any]
Shard = tuple[dict[str, pa.Table], dict[str, list[tuple[str, bytes]]]]

SHARD = "drawn-00000"
#: Faces of each picture; the third has none that is kept.
FACES = (1, 2, 0, 1)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Tiny networks are slowed down by more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded(save_clip, tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="session")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded(save_siglip, tmp_path_factory.mktemp("siglip"), 6)


def noise(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (40 + seed % 7, 48, 3), np.uint8)


def png(pixels: np.ndarray) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, "PNG")
    return sink.getvalue()


@pytest.fixture
def shard() -> Callable[[], Shard]:
    """Tables and pixels: four kept faces in three pictures, one of them without alt-text."""

    def make() -> Shard:
        rows: dict[str, list[Row]] = {
            name: []
            for name in ("face_crops", "template_captions", "synthetic_captions", "llm_captions")
        }
        crops, pictures = [], []
        for picture, number in enumerate(FACES):
            key = f"{SHARD}-{picture:05d}"
            pictures.append((key, png(noise(picture))))
            alt_text = None if picture == 3 else f"Somebody at the sea, {picture}"
            face: Row = {"key": key, "split_group": key, "alt_text": alt_text}
            if not number:
                rows["face_crops"].append(face | {"status": "dropped", "drop_reason": "no_face"})
            for index in range(number):
                face_id = f"{key}-{index}"
                crops.append((face_id, png(noise(10 * picture + index + 100))))
                rows["face_crops"].append(face | {"face_id": face_id, "status": "kept"})
                add_captions(rows, {"face_id": face_id, "key": key, "split_group": key})
        tables = {name: TABLES[name].from_rows(own) for name, own in rows.items()}
        return tables, {"crop": crops, "picture": pictures}

    return make


def add_captions(rows: dict[str, list[Row]], face: Row) -> None:
    """A template caption, its rewriting, and of two drawn captions the second, chosen one."""
    template = f"A person called by the number {face['face_id'][-7:]}."
    rows["template_captions"].append(
        {**face, "caption_index": 0, "status": "captioned", "caption": template, "attributes": []}
    )
    rows["llm_captions"].append(
        {
            **face,
            **{"caption_index": 0, "status": "fell_back", "caption": template, "attributes": []},
            **{"num_attempts": 1, "prompt_tokens": 0, "completion_tokens": 0, "style": "normal"},
        }
    )
    drawn = {**face, "temperature": 0.75}
    rows["synthetic_captions"] += [
        {**drawn, "caption_index": 0, "status": "outranked", "caption": "a man"},
        {**drawn, "caption_index": 1, "status": "captioned", "caption": "a woman in a red hat"},
    ]


@dataclass
class ToldClip:
    """Puts every picture and text at its mean brightness or its length; counts what it sees."""

    fits: int = 1000
    dies_of_text: str = ""
    #: Height of a picture that it dies of, when preparing or when looking at it.
    cannot_prepare: int = 0
    cannot_see: int = 0
    texts: list[str] = field(default_factory=list)
    pictures: int = 0

    def prepare(self, pixels: np.ndarray) -> dict[str, torch.Tensor]:
        if len(pixels) == self.cannot_prepare:
            raise ValueError("odd shape")
        return {"at": torch.tensor(pixels.mean() / 255), "height": torch.tensor(len(pixels))}

    def prepared_directions(self, prepared: Sequence[dict[str, torch.Tensor]]) -> torch.Tensor:
        self._fit(len(prepared))
        if any(int(one["height"]) == self.cannot_see for one in prepared):
            raise ValueError("odd shape")
        self.pictures += len(prepared)
        return self._directions([float(one["at"]) for one in prepared])

    def text_directions(self, texts: Sequence[str]) -> torch.Tensor:
        self._fit(len(texts))
        if self.dies_of_text and any(self.dies_of_text in text for text in texts):
            raise RuntimeError("unreadable")
        self.texts += texts
        return self._directions([len(text) / 40 for text in texts])

    def too_long(self, texts: Sequence[str]) -> list[bool]:
        return [len(text) > 30 for text in texts]

    def _fit(self, number: int) -> None:
        if number > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")

    def _directions(self, angles: list[float]) -> torch.Tensor:
        at = torch.tensor(angles)
        return torch.stack([at.cos(), at.sin()], dim=1)


@pytest.fixture
def told() -> type[ToldClip]:
    return ToldClip
