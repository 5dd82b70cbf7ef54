"""Drawn masks, rows of kept faces, and an annotator that says what it is told."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from facecaption_assets.attributes.annotators import FaceCrop, FaceEvidence
from facecaption_assets.attributes.face_masks import FaceMask, FacePart
from facecaption_assets.schema import FACE_CROPS

SIDE = 200
LANDMARKS = np.array([[80.0, 90.0], [120.0, 90.0], [100.0, 110.0], [85.0, 130.0], [115.0, 130.0]])


@dataclass
class Drawing:
    """A frontal face: eyes 40 px apart, mouth 40 px below them, room on all sides."""

    parts: np.ndarray = field(default_factory=lambda: np.zeros((SIDE, SIDE), np.uint8))
    pixels: np.ndarray = field(default_factory=lambda: np.full((SIDE, SIDE, 3), 90, np.uint8))
    landmarks: np.ndarray | None = field(default_factory=LANDMARKS.copy)

    def paint(
        self,
        part: FacePart,
        rows: tuple[int, int],
        columns: tuple[int, int],
        rgb: tuple[int, int, int] | None = None,
    ) -> "Drawing":
        region = (slice(*rows), slice(*columns))
        self.parts[region] = part
        if rgb is not None:
            self.pixels[region] = rgb
        return self

    def mask(self) -> FaceMask:
        return FaceMask(self.pixels, self.parts, self.landmarks)


@pytest.fixture
def face() -> Drawing:
    """Skin with eyes, nose and mouth; a skull without hair, hat or ears."""
    drawing = Drawing()
    drawing.paint(FacePart.SKIN, (30, 160), (60, 140), (205, 160, 135))
    drawing.paint(FacePart.LEFT_EYE, (87, 93), (74, 86))
    drawing.paint(FacePart.RIGHT_EYE, (87, 93), (114, 126))
    drawing.paint(FacePart.NOSE, (95, 118), (90, 110), (205, 160, 135))
    drawing.paint(FacePart.UPPER_LIP, (126, 130), (84, 116))
    return drawing.paint(FacePart.LOWER_LIP, (130, 134), (84, 116))


@pytest.fixture
def haired(face: Drawing) -> Drawing:
    """The same face under a full head of hair that leaves the forehead free."""
    face.paint(FacePart.HAIR, (15, 55), (55, 145))
    face.paint(FacePart.HAIR, (55, 160), (45, 60))
    return face.paint(FacePart.HAIR, (55, 160), (140, 155))


def jpeg(pixels: np.ndarray) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, "PNG")
    return sink.getvalue()


@pytest.fixture
def crops() -> Callable[..., tuple[pa.Table, list[tuple[str, bytes]]]]:
    """Kept faces, one per picture, and their pictures; a picture's grey level is its number."""

    def make(count: int, **columns: Any) -> tuple[pa.Table, list[tuple[str, bytes]]]:
        rows, pictures = [], []
        for index in range(count):
            key = f"drawn-00000-{index:05d}"
            rows.append(
                {
                    "face_id": f"{key}-0",
                    "key": key,
                    "split_group": key,
                    "status": "kept",
                    "bbox_xyxy": [20.0, 20.0, 60.0, 60.0],
                    "landmarks": LANDMARKS.tolist(),
                    "crop_matrix": [1.0, 0.0, -10.0, 0.0, 1.0, -10.0],
                    **columns,
                }
            )
            pictures.append((f"{key}-0", jpeg(np.full((48, 48, 3), index, np.uint8))))
        return FACE_CROPS.from_rows(rows), pictures

    return make


@dataclass
class FakeAnnotator:
    """Says the same of every face; dies of faces whose grey level is listed."""

    probabilities: dict[str, float] = field(default_factory=dict)
    age_years: float | None = None
    dies_of: tuple[int, ...] = ()
    death: str = "the model died"
    name: str = "fake"
    batches: list[list[str]] = field(default_factory=list)

    @property
    def attributes(self) -> tuple[str, ...]:
        return ("Male", "Young", "Smiling", "Black_Hair", "Brown_Hair", "Gray_Hair")

    def annotate(self, faces: Sequence[FaceCrop]) -> list[FaceEvidence]:
        self.batches.append([face.face_id for face in faces])
        for face in faces:
            if int(face.pixels[0, 0, 0]) in self.dies_of:
                raise RuntimeError(self.death)
        return [FaceEvidence(dict(self.probabilities), self.age_years) for _ in faces]


@pytest.fixture
def fake() -> type[FakeAnnotator]:
    return FakeAnnotator
