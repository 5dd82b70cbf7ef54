"""Any face weights that ultralytics reads, ``.pt`` or ``.onnx``, through its own ``YOLO`` class.

Bare TorchScript files are for ``yolo_torchscript``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from facecaption_assets.faces.detection import Detection, RgbImage, detection_from
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.faces.ultralytics_setup import load_ultralytics


class YoloFaceDetector:
    """A YOLO model with a face class, with or without five landmarks.

    Args:
        weights: File that ultralytics reads.
        settings: ``image_size``, ``report_score`` and ``iou_threshold`` are used.
        device: PyTorch's name of the device.

    Raises:
        ValueError: If ultralytics cannot read the file as data, or none of its classes is a face.
    """

    def __init__(self, weights: Path, settings: FaceSettings, device: str) -> None:
        self._model, names = _load(weights)
        self._settings = settings
        self._device = device
        self._face_class = _face_class(names, weights)
        self.name = weights.name

    def detect(self, images: Sequence[RgbImage]) -> list[list[Detection]]:
        """Faces with at least ``settings.report_score``, per picture."""
        if not images:
            return []
        results = self._model.predict(
            # Ultralytics takes arrays to be in OpenCV's channel order.
            [np.ascontiguousarray(image[:, :, ::-1]) for image in images],
            imgsz=self._settings.image_size,
            conf=self._settings.report_score,
            iou=self._settings.iou_threshold,
            classes=[self._face_class],
            device=self._device,
            verbose=False,
        )
        return [_detections(result) for result in results]


def _load(weights: Path) -> tuple[Any, Mapping[int, str]]:
    yolo = load_ultralytics().YOLO
    # The path must exist: ultralytics would download weights that it knows by name.
    existing = weights.resolve(strict=True)
    try:
        model = yolo(existing)
        return model, model.names  # Formats other than .pt are opened when first asked.
    except Exception as error:  # Of any kind: what a damaged file raises depends on its format.
        raise ValueError(
            f"FaceSettings.detector: ultralytics cannot read {weights}: {error!r}"
        ) from error


def _face_class(names: Mapping[int, str], weights: Path) -> int:
    if len(names) == 1:
        return next(iter(names))
    for index, name in names.items():
        if name.lower() == "face":
            return index
    listed = ", ".join(list(names.values())[:5])
    raise ValueError(
        f"FaceSettings.detector: {weights.name} has {len(names)} classes ({listed}, …), none of "
        "them 'face'"
    )


def _detections(result: Any) -> list[Detection]:
    boxes = result.boxes.xyxy.cpu().numpy()
    scores = result.boxes.conf.cpu().numpy()
    if result.keypoints is None:
        return [detection_from(b, s, None) for b, s in zip(boxes, scores, strict=True)]
    points = result.keypoints.xy.cpu().numpy()
    return [detection_from(*face) for face in zip(boxes, scores, points, strict=True)]
