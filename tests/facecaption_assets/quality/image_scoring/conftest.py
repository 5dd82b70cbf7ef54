"""Rows of kept faces, their pictures, scorers that are told, pictures with known distortions."""

import io
import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from facecaption_assets.models import ModelStore
from facecaption_assets.quality.image_scoring.brisque_features import Unmeasurable
from facecaption_assets.schema import FACE_CROPS, IMAGE_SCORES

DISTORTIONS = {
    "as_is": lambda pixels: pixels,
    "blurred": lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 3),
    "noisy": lambda pixels: np.clip(
        pixels + np.random.default_rng(3).normal(0, 40, pixels.shape), 0, 255
    ).astype(np.uint8),
    "jpeg": lambda pixels: np.array(Image.open(io.BytesIO(encoded(pixels, 10)))),
}


def encoded(pixels: np.ndarray, quality: int = 95) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def clouds(height: int, width: int, seed: int) -> np.ndarray:
    """A picture with the spectrum of natural ones: noise whose amplitude falls as 1/f."""
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None]
    amplitude = 1 / np.maximum(np.hypot(rows, columns), 1 / max(height, width))
    noise = np.random.default_rng(seed).standard_normal((height, width))
    grey = np.fft.ifft2(np.fft.fft2(noise) * amplitude).real
    levels = np.clip(128 + 40 * (grey - grey.mean()) / grey.std(), 0, 255).astype(np.uint8)
    return np.repeat(levels[..., None], 3, axis=2)


@pytest.fixture(scope="session")
def store() -> ModelStore:
    return ModelStore(Path(os.environ.get("FACECAPTION_MODELS", ".cache/models")))


@pytest.fixture
def crops() -> Callable[..., tuple[pa.Table, list[tuple[str, bytes]]]]:
    """Makes rows of kept faces and their encoded crops, each of another side."""

    def make(count: int) -> tuple[pa.Table, list[tuple[str, bytes]]]:
        keys = [f"drawn-00000-{i:05d}" for i in range(count)]
        rows = [
            {"face_id": f"{key}-0", "key": key, "split_group": key, "status": "kept"}
            for key in keys
        ]
        pictures = [(f"{key}-0", encoded(clouds(40 + i, 40, i))) for i, key in enumerate(keys)]
        return FACE_CROPS.from_rows(rows), pictures

    return make


@dataclass
class HeightScorer:
    """Scores a picture by its height; ``refuses`` one height."""

    refuses: int = 0
    seen: int = 0

    def score(self, pixels: np.ndarray) -> float:
        self.seen += 1
        if len(pixels) == self.refuses:
            raise Unmeasurable("the picture is of one tone")
        return float(len(pixels))


@dataclass
class ShareScorer:
    """Scores by height as well; dies of one height, and of batches that do not fit."""

    model: str = "a/clip@1"
    dies_of: int = 0
    fits: int = 100
    batches: list[int] = field(default_factory=list)

    def score(self, pictures: Sequence[np.ndarray]) -> list[float]:
        if len(pictures) > self.fits:
            raise MemoryError("out of memory")
        if any(len(pixels) == self.dies_of for pixels in pictures):
            raise RuntimeError("the model died")
        self.batches.append(len(pictures))
        return [len(pixels) / 100 for pixels in pictures]


@pytest.fixture
def brisque() -> type[HeightScorer]:
    return HeightScorer


@pytest.fixture
def clip_iqa() -> type[ShareScorer]:
    return ShareScorer


@pytest.fixture
def scores() -> Callable[..., pa.Table]:
    """Makes a table of scored faces, each of a group of its own, from their BRISQUE."""

    def make(values: Sequence[float | None], **same: object) -> pa.Table:
        rows = [
            {
                **{"face_id": f"s-00000-{i:05d}-0", "key": f"s-00000-{i:05d}"},
                **{"split_group": f"g{i}", "status": "scored", "brisque": value},
                **same,
            }
            for i, value in enumerate(values)
        ]
        return IMAGE_SCORES.from_rows(rows)

    return make


@pytest.fixture(params=list(DISTORTIONS))
def distortion(request: pytest.FixtureRequest) -> tuple[str, Callable[[np.ndarray], np.ndarray]]:
    """Name and function of each distortion."""
    return request.param, DISTORTIONS[request.param]


@pytest.fixture(scope="session")
def make_clouds() -> Callable[[int, int, int], np.ndarray]:
    return clouds


@pytest.fixture(scope="session")
def portraits(store: ModelStore) -> dict[str, np.ndarray]:
    """285 px about the faces of three portraits of the sample."""
    found = {}
    with zipfile.ZipFile(store.path("openpeople")) as archive:
        for person in ("P001", "P004", "P008"):
            name = f"openpeople/data/curated/{person}/assets/studio_portrait.jpg"
            pixels = np.array(Image.open(io.BytesIO(archive.read(name))).convert("RGB"))
            top, left = pixels.shape[0] // 4, pixels.shape[1] // 2 - 142
            found[person] = np.ascontiguousarray(pixels[top : top + 285, left : left + 285])
    return found
