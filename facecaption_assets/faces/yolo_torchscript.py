"""A bare TorchScript YOLO face model: one class, five landmarks or none, fixed input size.

Ultralytics' own ``YOLO`` class cannot read such a file, since it carries no description of its
task; letterboxing and suppression are ultralytics' all the same.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.faces.detection import Detection, RgbImage, detection_from
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.faces.ultralytics_setup import load_ultralytics

if TYPE_CHECKING:
    import torch

#: Numbers a candidate: box and score, without landmarks or with five of x, y, visibility.
_CHANNELS: Final = (5, 20)


class TorchscriptFaceDetector:
    """Runs the model at ``settings.image_size``, the size it was traced with.

    Args:
        weights: The TorchScript file.
        settings: ``image_size``, ``report_score`` and ``iou_threshold`` are used.
        device: PyTorch's name of the device.

    Raises:
        ValueError: If the file cannot be read, does not run at that size, or is no face model.
    """

    def __init__(self, weights: Path, settings: FaceSettings, device: str) -> None:
        import torch

        load_ultralytics()
        from ultralytics.data.augment import LetterBox

        self._settings = settings
        self._device = torch.device(device)
        self._letterbox: Any = LetterBox((settings.image_size, settings.image_size))
        self._model = _load(weights, self._device)
        self.name = weights.name
        self._check_output()

    def detect(self, images: Sequence[RgbImage]) -> list[list[Detection]]:
        """Faces with at least ``settings.report_score``, per picture."""
        from ultralytics.utils.nms import non_max_suppression

        if not images:
            return []
        inputs = np.stack([self._letterbox(image=image) for image in images])
        candidates = non_max_suppression(
            self._run(inputs),
            conf_thres=self._settings.report_score,
            iou_thres=self._settings.iou_threshold,
            nc=1,
            # The default gives up after 50 ms a picture, so that results would hang on the load.
            max_time_img=60.0,
        )
        return [
            _detections(rows.cpu(), self._settings.image_size, image)
            for rows, image in zip(candidates, images, strict=True)
        ]

    def _run(self, inputs: NDArray[np.uint8]) -> "torch.Tensor":
        """Letterboxed pictures (B, H, W, 3) to candidates (B, 5 or 20, N)."""
        import torch
        from torch.jit import optimized_execution  # type: ignore[attr-defined]

        batch = torch.from_numpy(inputs).to(self._device).permute(0, 3, 1, 2)
        # Without "optimized" the executor does not recompile, for seconds, at each new batch size.
        with torch.inference_mode(), optimized_execution(False):
            output = self._model(batch.float() / 255)
        candidates: torch.Tensor = output[0] if isinstance(output, tuple) else output
        return candidates

    def _check_output(self) -> None:
        size = self._settings.image_size
        try:
            channels = self._run(np.zeros((1, size, size, 3), np.uint8)).shape[1]
        except RuntimeError as error:
            raise ValueError(
                f"FaceSettings.detector: {self.name} does not run at FaceSettings.image_size "
                f"{size}; a TorchScript file has the size it was exported with"
            ) from error
        if channels not in _CHANNELS:
            raise ValueError(
                f"FaceSettings.detector: {self.name} gives {channels} numbers a candidate, not "
                f"{' or '.join(map(str, _CHANNELS))}; it is not a face model with one class"
            )


def _detections(rows: "torch.Tensor", size: int, image: RgbImage) -> list[Detection]:
    """Rows of box, score, class and points in the letterboxed picture, in the picture's pixels."""
    from ultralytics.utils.ops import scale_boxes, scale_coords

    num_points = (rows.shape[1] - 6) // 3
    points = rows[:, 6:].reshape(len(rows), num_points, 3)[:, :, :2].clone()
    original = (image.shape[0], image.shape[1])
    faces = zip(
        np.asarray(scale_boxes((size, size), rows[:, :4].clone(), original)),
        rows[:, 4].tolist(),
        np.asarray(scale_coords((size, size), points, original)),
        strict=True,
    )
    return [detection_from(*face) for face in faces]


def _load(weights: Path, device: "torch.device") -> Any:
    import torch

    with warnings.catch_warnings():
        # Its successor torch.export does not read files of this format.
        warnings.filterwarnings("ignore", message=r"`torch\.jit\.load` is deprecated")
        try:
            model = torch.jit.load(weights, map_location=device)  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            raise ValueError(
                f"FaceSettings.detector: {weights} is not a TorchScript file"
            ) from error
    # With channels last a picture takes 52 instead of 72 ms on two cores.
    return model.eval().to(memory_format=torch.channels_last)
