"""A bare TorchScript network that could not be lifted: it runs at the size it was traced with.

Such a file carries no description of its task, so what it is follows from its output: one class,
five landmarks or none.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from facecaption_assets.faces.networks import DEFAULT_STRIDE, Found, Thresholds, suppressed
from facecaption_assets.faces.weights import first, fixed_graph

if TYPE_CHECKING:
    import torch

#: Numbers a candidate: box and score, without landmarks or with five of x, y, visibility.
_CHANNELS: Final = (5, 20)


class TracedNetwork:
    """A traced network in float32.

    Args:
        traced: The TorchScript module.
        weights: Its file, for messages.
        size: Height and width that it is run at, px.
        device: Where it is.

    Raises:
        ValueError: If it does not run at that size, or is no face model.
    """

    stride = DEFAULT_STRIDE

    def __init__(self, traced: Any, weights: Path, size: int, device: "torch.device") -> None:
        import torch

        # With channels last a picture takes 52 instead of 72 ms on two cores.
        self._traced = traced.to(memory_format=torch.channels_last)
        self._device = device
        self.fixed_shape: tuple[int, int] | None = (size, size)
        self._check_output(weights, size)

    def find(self, pictures: "torch.Tensor", thresholds: Thresholds) -> list[Found]:
        """Faces of each of (B, 3, size, size) pictures, uint8, RGB."""
        return suppressed(self._candidates(pictures), thresholds, num_classes=1)

    def _candidates(self, pictures: "torch.Tensor") -> "torch.Tensor":
        import torch

        with torch.inference_mode(), fixed_graph():
            return first(self._traced(pictures.to(self._device).float() / 255))

    def _check_output(self, weights: Path, size: int) -> None:
        import torch

        try:
            channels = self._candidates(torch.zeros(1, 3, size, size, dtype=torch.uint8)).shape[1]
        except RuntimeError as error:
            raise ValueError(
                f"FaceSettings.detector: {weights.name} does not run at FaceSettings.image_size "
                f"{size}; a TorchScript file has the size it was exported with"
            ) from error
        if channels not in _CHANNELS:
            raise ValueError(
                f"FaceSettings.detector: {weights.name} gives {channels} numbers a candidate, not "
                f"{' or '.join(map(str, _CHANNELS))}; it is not a face model with one class"
            )
