"""Weight files → ultralytics' PyTorch modules, read as data.

How a module is run belongs to ``torch_network``.
"""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from facecaption_assets.faces.ultralytics_setup import load_ultralytics

if TYPE_CHECKING:
    import torch

#: The architecture that a bare TorchScript file may hold: YOLOv8n with five face landmarks.
_LIFTED: Final = "yolov8n-pose.yaml"
_KEYPOINT_SHAPE: Final = (5, 3)
#: What ultralytics traces at unless told otherwise, px.
_USUAL_SIZE: Final = 640
#: Largest difference between a lifted network and its trace, px; float32 gives 0.001 at most.
_TOLERANCE_PX: Final = 0.01


def read_checkpoint(weights: Path) -> Any:
    """The module of an ultralytics ``.pt`` file, in float32.

    Raises:
        ValueError: If the file cannot be read as data.
    """
    yolo = load_ultralytics().YOLO
    # The path must exist: ultralytics would download weights that it knows by name.
    existing = weights.resolve(strict=True)
    try:
        return yolo(existing).model
    except Exception as error:  # Of any kind: what a damaged file raises depends on its contents.
        raise unreadable(weights, error) from error


def unreadable(weights: Path, error: Exception) -> ValueError:
    """The error for weights that ultralytics does not read."""
    return ValueError(f"FaceSettings.detector: ultralytics cannot read {weights}: {error!r}")


def read_torchscript(weights: Path, device: "torch.device") -> Any:
    """The traced module of a TorchScript file.

    Raises:
        ValueError: If it is no such file.
    """
    import torch

    load_ultralytics()
    with torchscript_allowed():
        try:
            traced = torch.jit.load(weights, map_location=device)  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            raise ValueError(
                f"FaceSettings.detector: {weights} is not a TorchScript file"
            ) from error
    return traced.eval()


@contextmanager
def torchscript_allowed() -> Iterator[None]:
    """Context without PyTorch's warnings of TorchScript, whose successor has other files."""
    from torch.jit import TracerWarning  # type: ignore[attr-defined]

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"`torch\.jit\.\w+` is deprecated")
        # Tracing fixes the size, which is meant.
        warnings.simplefilter("ignore", TracerWarning)
        yield


def lift(traced: Any, size: int) -> Any | None:
    """Ultralytics' own network with a trace's parameters, which runs at any size and precision.

    Args:
        traced: A TorchScript module.
        size: Height and width that it may have been traced with, px; ultralytics' default is
            tried as well.

    Returns:
        The network; None where the trace is not YOLOv8n with five landmarks: another name or
        shape among its parameters, or another output for the same pixels.
    """
    import torch

    parameters: Mapping[str, torch.Tensor] = traced.state_dict()
    network = _untrained()
    own = network.state_dict()
    if parameters.keys() != own.keys():
        return None
    if any(parameters[name].shape != own[name].shape for name in own):
        return None
    network.load_state_dict(parameters, strict=True)
    sizes = dict.fromkeys((size, _USUAL_SIZE))
    return network if any(_agree(network, traced, size) for size in sizes) else None


def _untrained() -> Any:
    from ultralytics.nn import tasks
    from ultralytics.utils import ROOT, YAML

    # Ultralytics ships type information for some of its code only.
    reader: Any = YAML
    model: Any = tasks.PoseModel
    description = reader.load(ROOT / "cfg" / "models" / "v8" / "yolov8-pose.yaml")
    # The keys that ultralytics takes from the file's name and the data.
    description |= {"scale": "n", "yaml_file": _LIFTED, "kpt_shape": list(_KEYPOINT_SHAPE)}
    network = model(description, nc=1, verbose=False).eval()
    network.names, network.task, network.args = {0: "face"}, "pose", {"task": "pose"}
    return network


def _agree(network: Any, traced: Any, size: int) -> bool:
    import torch

    pixels = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode(), fixed_graph():
        try:
            expected = first(traced(pixels))
        except RuntimeError:  # Traced at another size: there is nothing to compare with.
            return False
        actual = first(network(pixels))
    return actual.shape == expected.shape and torch.allclose(
        actual, expected, rtol=0, atol=_TOLERANCE_PX
    )


def fixed_graph() -> Any:
    """Context in which TorchScript does not recompile, for seconds, at each new batch size."""
    from torch.jit import optimized_execution  # type: ignore[attr-defined]

    return optimized_execution(False)


def first(output: Any) -> "torch.Tensor":
    """The candidates of an output that may carry more."""
    candidates: torch.Tensor = output[0] if isinstance(output, (tuple, list)) else output
    return candidates
