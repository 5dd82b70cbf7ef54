"""The two encoders as ONNX files, checked against the model before they get their names.

What comes out are the unit features of ITC, so that similarity is a dot product. The matching head
reads picture and caption together and is not among them.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from flip_training.model.flip import FLIPModel
from flip_training.publishing import publish

#: Largest difference of a feature between onnxruntime and the model.
TOLERANCE: Final = 1e-4
#: Pictures or captions, and tokens, with which an export is checked; the first pair traces it.
_SIZES: Final = ((2, 12), (1, 3), (5, 65))


class ExportMismatch(RuntimeError):
    """An exported encoder does not compute what the model computes."""


class _ImageTower(nn.Module):
    def __init__(self, model: FLIPModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.model.image_features(pixel_values)


class _TextTower(nn.Module):
    def __init__(self, model: FLIPModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.model.encode_text(input_ids, attention_mask)


def export_onnx(model: FLIPModel, folder: Path) -> dict[str, float]:
    """Write ``image.onnx`` and ``text.onnx``; batch size and caption length are free.

    ``image.onnx`` takes ``pixel_values`` (B, 3, H, W), float32; ``text.onnx`` takes ``input_ids``
    and ``attention_mask`` (B, L), int64; both give ``features`` (B, D).

    Args:
        model: In evaluation mode, on the CPU.
        folder: Made where it is missing. A file that fails its check is not left there.

    Returns:
        The largest difference found by file.

    Raises:
        ExportMismatch: If a file computes something else than the model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length")
    alike = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}  # found to be the same
    return {
        "image.onnx": _export(
            _ImageTower(model).eval(), _images, ({0: batch},), folder / "image.onnx"
        ),
        "text.onnx": _export(
            _TextTower(model).eval(),
            _captions,
            ({0: batch, 1: length}, alike),
            folder / "text.onnx",
        ),
    }


def _images(
    model: FLIPModel, size: int, length: int, generator: torch.Generator
) -> dict[str, Tensor]:
    del length
    side = model.config.vision.image_size
    return {"pixel_values": torch.randn(size, 3, side, side, generator=generator)}


def _captions(
    model: FLIPModel, size: int, length: int, generator: torch.Generator
) -> dict[str, Tensor]:
    length = min(length, model.config.text.max_length)
    ids = torch.randint(model.config.text.vocab_size, (size, length), generator=generator)
    ends = torch.randint(1, length + 1, (size, 1), generator=generator)
    return {"input_ids": ids, "attention_mask": (torch.arange(length) < ends).long()}


def _export(
    tower: Any, draw: Callable[..., dict[str, Tensor]], dims: tuple[Any, ...], path: Path
) -> float:
    generator = torch.Generator().manual_seed(0)
    batches = [draw(tower.model, *sizes, generator) for sizes in _SIZES]
    local = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        torch.onnx.export(
            tower,
            tuple(batches[0].values()),
            local,
            input_names=list(batches[0]),
            output_names=["features"],
            dynamic_shapes=dims,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        difference = max(_difference(tower, local, batch) for batch in batches)
        if not difference <= TOLERANCE:
            raise ExportMismatch(
                f"{path.name} differs from the model by {difference:.2g}, more than {TOLERANCE:g}"
            )
        publish(local, path)
    finally:
        local.unlink(missing_ok=True)
    return difference


@torch.inference_mode()
def _difference(tower: nn.Module, path: Path, batch: dict[str, Tensor]) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (features,) = session.run(None, {name: tensor.numpy() for name, tensor in batch.items()})
    return float((torch.from_numpy(features) - tower(*batch.values())).abs().max())
