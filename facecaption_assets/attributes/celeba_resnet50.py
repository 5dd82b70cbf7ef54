"""Annotator of all forty attributes: the ResNet-50 with which FaceCaption-15M was labelled.

Pictures are prepared exactly as they prepare them; the network and its files belong to
``celeba_network``. Its weights are on no package index and no hub: they come from the authors, or
from ``facecaption train-attributes``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from facecaption_assets.attributes.annotators import FaceCrop, FaceEvidence
from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.devices import fastest_dtype, lease_device
from facecaption_assets.models import ModelStore, ModelUnavailable

_SETTING: Final = "AttributeSettings.celeba_weights"


class CelebaAnnotator:
    """The network's sigmoid outputs as evidence; it answers for every attribute of every face.

    Args:
        weights: Checkpoint in one of the layouts that ``celeba_network`` reads.
        device: PyTorch's name of the device; the first GPU, else the CPU, where None.

    Raises:
        ModelUnavailable: If the file does not hold the network's weights.
    """

    name = "celeba_resnet50"
    attributes = ATTRIBUTES

    def __init__(self, weights: Path, device: str | None = None) -> None:
        import torch

        from facecaption_assets.attributes.celeba_network import CheckpointError, load_network

        try:
            network, self._side = load_network(weights)
        except CheckpointError as error:
            raise ModelUnavailable(f"{_SETTING}: {error}") from error
        self._device = torch.device(device or lease_device())
        self._dtype = fastest_dtype(self._device)
        network = network.to(self._device, self._dtype)
        self._network = network.to(memory_format=torch.channels_last)

    def annotate(self, faces: Sequence[FaceCrop]) -> list[FaceEvidence]:
        """Evidence of each face, in order; the faces are one call of the network."""
        import torch

        if not faces:
            return []
        pixels = np.stack([prepare(face.pixels, self._side) for face in faces])
        x = torch.from_numpy(pixels).permute(0, 3, 1, 2)  # (B, 3, S, S), channels last
        with torch.inference_mode():
            logits = self._network(x.to(self._device, self._dtype))
            probabilities = logits.float().sigmoid().cpu().tolist()
        return [FaceEvidence(dict(zip(ATTRIBUTES, row, strict=True))) for row in probabilities]


def weights_file(setting: str, store: ModelStore) -> Path:
    """The file that ``AttributeSettings.celeba_weights`` names.

    Raises:
        ModelUnavailable: If it names none, or none that exists.
    """
    if not setting:
        raise ModelUnavailable(
            f"the annotator celeba_resnet50 needs {_SETTING}, the path of a checkpoint: the "
            "authors' FAC_resnet50_AW_V1/best_model.pth, or one of your own from "
            "`facecaption train-attributes`"
        )
    return store.path(setting, _SETTING)


def prepare(pixels: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """A picture as the network wants it: its central square, resized, in [-1, 1].

    Args:
        pixels: (H, W, 3), RGB.
        side: Side of the result, px; resized by PIL's bicubic filter, also where it shrinks.

    Returns:
        (side, side, 3).
    """
    height, width = pixels.shape[:2]
    square = min(height, width)
    left, top = (width - square) // 2, (height - square) // 2
    box = (left, top, left + square, top + square)
    picture = Image.fromarray(pixels).crop(box)
    resized = picture.resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(resized, np.float32) / np.float32(127.5) - np.float32(1)
