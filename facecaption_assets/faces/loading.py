"""Settings → a loaded detector; the kind of network follows from the file's name."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from facecaption_assets.devices import best_dtype, lease_device, use_threads
from facecaption_assets.faces.candidates import has_readable_head
from facecaption_assets.faces.detection import Detector
from facecaption_assets.faces.exported_network import ExportedNetwork
from facecaption_assets.faces.networks import Network, face_class
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.faces.torch_network import TorchNetwork
from facecaption_assets.faces.traced_network import TracedNetwork
from facecaption_assets.faces.weights import lift, read_checkpoint, read_torchscript
from facecaption_assets.faces.yolo import YoloFaceDetector
from facecaption_assets.memory import give_back_free_memory
from facecaption_assets.models import ModelStore

if TYPE_CHECKING:
    import torch


def load_detector(settings: FaceSettings, store: ModelStore, device: str | None = None) -> Detector:
    """The detector that ``settings.detector`` names, on a GPU of this process where there is one.

    Args:
        settings: Which weights, and how they are run.
        store: Where names are looked up.
        device: PyTorch's name of another device.

    Raises:
        ModelUnavailable: If the weights cannot be had.
        ValueError: If they are not a face detector, or do not fit the settings.
    """
    import torch

    weights = store.path(settings.detector, setting="FaceSettings.detector")
    on = torch.device(device or lease_device())
    network = load_network(weights, settings, on)
    # After the packages are imported: some of them set threads of their own.
    use_threads(settings.threads)
    detector = YoloFaceDetector(network, weights.name, settings)
    give_back_free_memory()
    return detector


def load_network(weights: Path, settings: FaceSettings, device: "torch.device") -> Network:
    """The network of a weight file, in the fastest way that it can be run.

    Raises:
        ValueError: If it is not a face detector, or does not fit the settings.
    """
    module = read_module(weights, settings.image_size)
    if module is not None and has_readable_head(module.model[-1]):
        dtype = best_dtype(settings.precision, device, "FaceSettings.precision")
        return TorchNetwork(module, face_class(module.names, weights), device, dtype)
    if module is None and weights.suffix == ".torchscript" and not has_description(weights):
        return TracedNetwork(
            read_torchscript(weights, device), weights, settings.image_size, device
        )
    return ExportedNetwork(weights, settings.image_size, device)


def read_module(weights: Path, size: int) -> Any | None:
    """The PyTorch module of weights; None where they are in another form.

    Args:
        weights: ``.pt``, or a bare ``.torchscript`` of YOLOv8n with five landmarks.
        size: What a TorchScript file was traced with, px.
    """
    import torch

    if weights.suffix == ".pt":
        return read_checkpoint(weights)
    if weights.suffix == ".torchscript" and not has_description(weights):
        return lift(read_torchscript(weights, torch.device("cpu")), size)
    return None


def has_description(weights: Path) -> bool:
    """Whether exported weights say what they are, as ultralytics' exporter writes it."""
    from facecaption_assets.faces.ultralytics_setup import load_ultralytics

    load_ultralytics()
    from ultralytics.nn.backends.base import BaseBackend

    return bool(BaseBackend.read_metadata(weights))
