import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from facecaption_assets.faces.detection import Detection
from facecaption_assets.faces.export import ExportError, compare, export_detector
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.faces.ultralytics_setup import load_ultralytics
from facecaption_assets.models import ModelStore
from facecaption_assets.shards.images import decode_rgb

PICTURE = np.zeros((100, 100, 3), np.uint8)
SETTINGS = FaceSettings(image_size=320)


@pytest.fixture
def store() -> ModelStore:
    return ModelStore(Path(os.environ.get("FACECAPTION_MODELS", ".cache/models")))


class Finds:
    """A detector that finds what it is told."""

    name = "told"
    image_size = 640

    def __init__(self, *faces: Detection) -> None:
        self.faces = list(faces)

    def input_shape(self, height: int, width: int) -> tuple[int, int]:
        return height, width

    def detect(self, images: Sequence[np.ndarray]) -> list[list[Detection]]:
        return [self.faces for _ in images]


def test_every_sure_face_is_compared_with_its_nearest() -> None:
    source = Finds(
        Detection((0, 0, 10, 10), 0.9), Detection((50, 50, 60, 60), 0.8), Detection((0, 0, 5, 5), 0)
    )
    exported = Finds(Detection((50, 50, 60, 60), 0.79), Detection((0, 0, 10, 8), 0.93))
    agreement = compare(source, exported, PICTURE)
    assert agreement.faces == 2
    assert agreement.min_iou == pytest.approx(0.8)
    assert agreement.max_score_difference == pytest.approx(0.03)
    assert not agreement.is_close


def test_a_face_that_the_export_misses_counts_as_no_overlap() -> None:
    agreement = compare(Finds(Detection((0, 0, 10, 10), 0.9)), Finds(), PICTURE)
    assert (agreement.min_iou, agreement.is_close) == (0.0, False)


def test_without_a_face_nothing_can_be_said() -> None:
    with pytest.raises(ExportError, match="told finds no face"):
        compare(Finds(Detection((0, 0, 10, 10), 0.3)), Finds(), PICTURE)


def test_the_published_weights_export_and_find_the_same_faces(
    store: ModelStore, tmp_path: Path
) -> None:
    target = tmp_path / "new" / "faces.torchscript"
    zidane = decode_rgb((load_ultralytics().ASSETS / "zidane.jpg").read_bytes())
    agreement = export_detector(SETTINGS, store, target, "torchscript", zidane)
    assert agreement.faces == 2
    assert agreement.is_close
    assert target.stat().st_size > 10_000_000
    with pytest.raises(ExportError, match=r"faces\.torchscript exists already"):
        export_detector(SETTINGS, store, target, "torchscript", zidane)


@pytest.mark.parametrize(
    ("name", "kind", "ending"), [("a.pt", "onnx", ".onnx"), ("a", "openvino", "_openvino_model")]
)
def test_a_name_by_which_the_format_would_not_be_known_is_refused(
    store: ModelStore, tmp_path: Path, name: str, kind: str, ending: str
) -> None:
    with pytest.raises(ExportError, match=rf"{name} must end in {ending} for {kind}"):
        export_detector(SETTINGS, store, tmp_path / name, kind, PICTURE)


def test_what_was_exported_already_cannot_be_exported_from(
    store: ModelStore, tmp_path: Path
) -> None:
    (tmp_path / "faces.onnx").write_bytes(b"")
    settings = FaceSettings(detector=str(tmp_path / "faces.onnx"))
    with pytest.raises(ExportError, match=r"faces\.onnx holds no PyTorch network"):
        export_detector(settings, store, tmp_path / "b.onnx", "onnx", PICTURE)
