"""Weights in a format that a runtime of its own runs: ONNX, OpenVINO, TorchScript, TensorRT.

Ultralytics' ``AutoBackend`` picks the runtime by the file's name and reads the description that
its exporter wrote beside the weights. PyTorch weights whose head ``candidates`` does not read run
here as well.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from facecaption_assets.faces.networks import (
    DEFAULT_STRIDE,
    Found,
    Thresholds,
    face_class,
    suppressed,
)
from facecaption_assets.faces.ultralytics_setup import load_ultralytics
from facecaption_assets.faces.weights import first, torchscript_allowed, unreadable

if TYPE_CHECKING:
    import torch


class ExportedNetwork:
    """A network behind ultralytics' ``AutoBackend``.

    Args:
        weights: File or folder.
        size: Longest side that the detector should see, px.
        device: Where it runs, if its runtime can.

    Raises:
        ValueError: If it cannot be read or its runtime is not installed, it was exported for
            another size, or none of its classes is a face.
    """

    def __init__(self, weights: Path, size: int, device: "torch.device") -> None:
        self._backend = _open(weights, device)
        self._face = face_class(self._backend.names, weights)
        self.stride = max(int(self._backend.stride), DEFAULT_STRIDE)
        self.fixed_shape = _fixed_shape(self._backend, size)
        if self.fixed_shape is not None and max(self.fixed_shape) != size:
            raise ValueError(
                f"FaceSettings.detector: {weights.name} was exported for {max(self.fixed_shape)} "
                f"px; FaceSettings.image_size is {size}"
            )

    def find(self, pictures: "torch.Tensor", thresholds: Thresholds) -> list[Found]:
        """Faces of each of (B, 3, H, W) pictures, uint8, RGB."""
        import torch

        with torch.inference_mode():
            scaled = pictures.to(self._backend.device).float() / 255
            candidates = first(self._backend(scaled.contiguous()))
            return suppressed(
                candidates,
                thresholds,
                num_classes=len(self._backend.names),
                face=self._face,
                point_size=getattr(self._backend, "kpt_shape", (5, 3))[1],
                is_final=self._backend.end2end,
            )


def _open(weights: Path, device: "torch.device") -> Any:
    load_ultralytics()
    from ultralytics.nn.autobackend import AutoBackend

    # The path must exist: ultralytics would download weights that it knows by name.
    existing = weights.resolve(strict=True)
    try:
        with torchscript_allowed():
            return AutoBackend(model=str(existing), device=device, verbose=False).eval()
    except ImportError as error:
        raise ValueError(
            f"FaceSettings.detector: {weights.name} needs the package {error.name}, which is not "
            "installed"
        ) from error
    except Exception as error:  # Of any kind: what a damaged file raises depends on its format.
        raise unreadable(weights, error) from error


def _fixed_shape(backend: Any, size: int) -> tuple[int, int] | None:
    """Height and width that the weights are bound to; None where they take any rectangle."""
    # What the exporter says goes before what the runtime sees, which is the size of a batch only.
    if backend.format == "pt" or backend.metadata.get("dynamic", backend.dynamic):
        return None
    height, width = getattr(backend, "imgsz", None) or (size, size)
    return int(height), int(width)
