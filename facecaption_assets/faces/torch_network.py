"""A PyTorch YOLO network, run as fast as the device allows.

How weights become a module belongs to ``weights``, how the head is read to ``candidates``.
"""

from typing import TYPE_CHECKING, Any

from facecaption_assets.faces.candidates import CandidateHead
from facecaption_assets.faces.networks import MAX_FACES, Found, Thresholds

if TYPE_CHECKING:
    import torch


class TorchNetwork:
    """A YOLOv8 or 11 network on any rectangle of pixels.

    Args:
        module: Ultralytics' network; it is taken over and changed.
        face: The class that is a face.
        device: Where it runs.
        dtype: Number format of all layers but the first and the head. The first stays in float32
            because bfloat16 cannot tell neighbouring grey levels apart; it costs next to nothing.
    """

    fixed_shape: tuple[int, int] | None = None

    def __init__(
        self, module: Any, face: int, device: "torch.device", dtype: "torch.dtype"
    ) -> None:
        import torch

        module = module.eval().requires_grad_(False).fuse(verbose=False)
        # Convolutions of the CPU's library want channels last: half the time, the same numbers.
        module = module.to(device).to(memory_format=torch.channels_last)
        for part in module.modules():
            if isinstance(part, torch.nn.SiLU):
                part.inplace = True
        first, *self._layers, head = module.model
        for layer in self._layers:
            layer.to(dtype)
        self._first = first
        self._saved = set(module.save)
        self._sources: list[int] = head.f
        self._head = CandidateHead(head, face, dtype)
        self._device, self._dtype = device, dtype
        self.stride = int(module.stride.max())

    def find(self, pictures: "torch.Tensor", thresholds: Thresholds) -> list[Found]:
        """Faces of each of (B, 3, H, W) pictures, uint8, RGB."""
        import torch
        from torchvision.ops import batched_nms

        with torch.inference_mode():
            rows = self._head.read(self._features(pictures), thresholds.score)
            kept = batched_nms(rows[:, 1:5], rows[:, 5], rows[:, 0], thresholds.iou)
            faces = rows[kept].cpu()
        return [_found(faces[faces[:, 0] == i, 1:]) for i in range(len(pictures))]

    def _features(self, pictures: "torch.Tensor") -> "list[torch.Tensor]":
        """The feature maps that the head looks at."""
        import torch

        # In place, and nowhere else held: these are the largest tensors of all.
        x = pictures.to(self._device, memory_format=torch.channels_last).float().div_(255)
        x = self._first(x).to(self._dtype)
        outputs = [x]
        for layer in self._layers:
            if isinstance(layer.f, list):
                x = layer([x if source == -1 else outputs[source] for source in layer.f])
            else:
                x = layer(x if layer.f == -1 else outputs[layer.f])
            outputs.append(x if layer.i in self._saved else x.new_empty(0))
        return [outputs[source] for source in self._sources]


def _found(rows: "torch.Tensor") -> Found:
    """Rows of box, score and points."""
    rows = rows[:MAX_FACES]
    num_points = (rows.shape[1] - 5) // 2
    return Found(rows[:, :4], rows[:, 4], rows[:, 5:].reshape(len(rows), num_points, 2))
