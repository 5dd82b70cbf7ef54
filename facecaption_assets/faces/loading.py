"""Settings → a loaded detector; the kind follows from the file's name."""

from facecaption_assets.faces.detection import Detector
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.faces.yolo import YoloFaceDetector
from facecaption_assets.faces.yolo_torchscript import TorchscriptFaceDetector
from facecaption_assets.models import ModelStore


def load_detector(settings: FaceSettings, store: ModelStore, device: str | None = None) -> Detector:
    """The detector that ``settings.detector`` names, on the first GPU where there is one.

    Args:
        settings: Which weights, and how they are run.
        store: Where names are looked up.
        device: PyTorch's name of another device.

    Raises:
        ModelUnavailable: If the weights cannot be had.
        ValueError: If they are not a face detector.
    """
    import torch

    weights = store.path(settings.detector, setting="FaceSettings.detector")
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if weights.suffix == ".torchscript":
        return TorchscriptFaceDetector(weights, settings, device)
    return YoloFaceDetector(weights, settings, device)
