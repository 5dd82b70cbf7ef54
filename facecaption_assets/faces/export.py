"""PyTorch face weights → the formats that runtimes of their own run, checked before they are kept.

Ultralytics' exporter writes them; which file is asked for belongs to ``commands.export_detector``.
"""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.faces.detection import Detection, Detector, RgbImage
from facecaption_assets.faces.loading import load_detector, read_module
from facecaption_assets.faces.overlap import overlaps
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.faces.ultralytics_setup import load_ultralytics
from facecaption_assets.faces.weights import torchscript_allowed
from facecaption_assets.models import ModelStore

#: How the name of a format's file or folder ends; by it the detector is chosen when loaded.
ENDINGS: Final = {
    "onnx": ".onnx",
    "openvino": "_openvino_model",
    "torchscript": ".torchscript",
    "engine": ".engine",
}
#: Formats that take any rectangle of pixels; TorchScript is bound to the size of its trace.
_DYNAMIC: Final = ("onnx", "openvino", "engine")
#: Scores of sure faces; what lies lower may come and go with the last digit.
_SURE: Final = 0.5
MIN_IOU: Final = 0.95
MAX_SCORE_DIFFERENCE: Final = 0.05


class ExportError(RuntimeError):
    """Weights cannot be exported, or what was exported does not find the same faces."""


@dataclass(frozen=True)
class Agreement:
    """How an export compares with its source on one picture.

    Attributes:
        faces: Sure faces of the source.
        min_iou: Least overlap of one of them with the export's nearest face, [0, 1].
        max_score_difference: Largest difference of their scores.
    """

    faces: int
    min_iou: float
    max_score_difference: float

    @property
    def is_close(self) -> bool:
        """Whether the export finds the same faces."""
        return self.min_iou >= MIN_IOU and self.max_score_difference <= MAX_SCORE_DIFFERENCE


def export_detector(
    settings: FaceSettings,
    store: ModelStore,
    target: Path,
    kind: str,
    picture: RgbImage,
    half: bool = False,
) -> Agreement:
    """Write the configured detector in another format.

    Args:
        settings: ``detector`` and ``image_size`` are used.
        store: Where the detector is looked up.
        target: File or folder to write; it must not exist yet.
        kind: A key of ENDINGS.
        picture: Has a face on which export and source are compared.
        half: Whether to write float16 weights.

    Raises:
        ModelUnavailable: If the detector's weights cannot be had.
        ExportError: If the target's name does not fit, the weights or the format cannot be
            exported here, or the export does not find the faces of the source. Nothing is written
            then.
    """
    _check_target(target, kind)
    weights = store.path(settings.detector, setting="FaceSettings.detector")
    module = read_module(weights, settings.image_size)
    if module is None:
        raise ExportError(
            f"{weights.name} holds no PyTorch network; export from .pt weights, or from a "
            "TorchScript file of YOLOv8n with five landmarks"
        )
    exact = replace(settings, precision="float32")
    source = load_detector(exact, store, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        written = _write(module, Path(folder), kind, settings.image_size, half)
        named = written.rename(written.with_name(target.name))
        device = "cuda:0" if kind == "engine" else "cpu"
        exported = load_detector(replace(exact, detector=str(named)), store, device)
        agreement = compare(source, exported, picture)
        if not agreement.is_close:
            raise ExportError(f"the export does not find the faces of {weights.name}: {agreement}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(named, target)
    return agreement


def _check_target(target: Path, kind: str) -> None:
    if not target.name.endswith(ENDINGS[kind]):
        raise ExportError(f"the name {target.name} must end in {ENDINGS[kind]} for {kind}")
    if target.exists():
        raise ExportError(f"{target} exists already")


def _write(module: Any, folder: Path, kind: str, size: int, half: bool) -> Path:
    import torch

    checkpoint = folder / "detector.pt"
    torch.save({"model": module, "train_args": {"task": module.task}}, checkpoint)
    try:
        model = load_ultralytics().YOLO(checkpoint)
        with torchscript_allowed():
            written = model.export(
                format=kind, imgsz=size, half=half, dynamic=kind in _DYNAMIC, verbose=False
            )
    except Exception as error:  # Of any kind: every format brings a toolchain of its own.
        raise ExportError(f"ultralytics cannot write {kind} here: {error}") from error
    return Path(written)


def compare(source: Detector, exported: Detector, picture: RgbImage) -> Agreement:
    """Faces of one picture by two detectors.

    Raises:
        ExportError: If the source is not sure of any face there.
    """
    sure = [face for face in source.detect([picture])[0] if face.score >= _SURE]
    if not sure:
        raise ExportError(f"{source.name} finds no face on the picture to compare by")
    others = exported.detect([picture])[0]
    if not others:
        return Agreement(len(sure), 0.0, 1.0)
    shared, _ = overlaps(_boxes(sure), _boxes(others))
    nearest = [others[index] for index in shared.argmax(axis=1)]
    return Agreement(
        len(sure),
        float(shared.max(axis=1).min()),
        max(abs(face.score - other.score) for face, other in zip(sure, nearest, strict=True)),
    )


def _boxes(faces: Sequence[Detection]) -> NDArray[np.float64]:
    return np.array([face.bbox_xyxy for face in faces], np.float64)
