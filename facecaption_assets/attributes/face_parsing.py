"""Annotator that parses a face into parts and reads attributes off the mask and its pixels.

Runs the network and hands the mask on; what it shows belongs to ``mask_attributes``,
``face_colours``, ``hair_colour`` and ``sharpness``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.attributes.annotators import FaceCrop, FaceEvidence
from facecaption_assets.attributes.face_colours import (
    FACE_COLOUR_ATTRIBUTES,
    face_colour_probabilities,
)
from facecaption_assets.attributes.face_masks import FaceMask
from facecaption_assets.attributes.hair_colour import hair_colour_probabilities
from facecaption_assets.attributes.mask_attributes import MASK_ATTRIBUTES, mask_probabilities
from facecaption_assets.attributes.sharpness import blur_probability
from facecaption_assets.attributes.vocabulary import HAIR_COLOURS
from facecaption_assets.devices import has_fast_bfloat16, lease_device

#: Side of the network's input, px; a multiple of 32. Of 94 positive states that masks at 512 px
#: give on 110 crops, hair colours included, 4 become unknown at 384 px, 8 at 352 px and 15 at
#: 320 px, none the opposite; at 256 px most masks fall apart. CPU time at 352 px is four fifths of
#: that at 384 px.
INPUT_SIDE: Final = 352

_IMAGENET_MEAN: Final = np.array([0.485, 0.456, 0.406], np.float32)
_IMAGENET_STD: Final = np.array([0.229, 0.224, 0.225], np.float32)


class FaceParsingAnnotator:
    """BiSeNet's mask as evidence.

    Args:
        weights: State dict of the network in ``bisenet``.
        device: PyTorch's name of the device; this process's GPU, else the CPU, where None.
    """

    name = "face_parsing"
    attributes = (*MASK_ATTRIBUTES, *FACE_COLOUR_ATTRIBUTES, *HAIR_COLOURS, "Blurry")

    def __init__(self, weights: Path, device: str | None = None) -> None:
        import torch

        from facecaption_assets.attributes.bisenet import load_bisenet

        self._device = torch.device(device or lease_device())
        # bfloat16 takes a third of float32's time where the processor has it, and changes the
        # class of 0.2 % of pixels.
        self._dtype = torch.bfloat16 if has_fast_bfloat16(self._device) else torch.float32
        network = load_bisenet(weights).to(self._device, self._dtype)
        self._network = network.to(memory_format=torch.channels_last)

    def annotate(self, faces: Sequence[FaceCrop]) -> list[FaceEvidence]:
        """Evidence of each face, in order; the faces are one call of the network."""
        if not faces:
            return []
        pixels = [_resize(face.pixels) for face in faces]
        parts = self._parse(np.stack(pixels))
        masks = map(_face_mask, faces, pixels, parts)
        return [
            FaceEvidence(_probabilities(face, mask))
            for face, mask in zip(faces, masks, strict=True)
        ]

    def _parse(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Class of each pixel, (B, S, S), of pictures (B, S, S, 3)."""
        import torch

        normalised = (pixels / np.float32(255) - _IMAGENET_MEAN) / _IMAGENET_STD
        x = torch.from_numpy(normalised).permute(0, 3, 1, 2)  # (B, 3, S, S), channels last
        with torch.inference_mode():
            logits = self._network(x.to(self._device, self._dtype))
            # In float32, because argmax takes three times as long in bfloat16.
            return np.asarray(logits.float().argmax(dim=1).to(torch.uint8).cpu())


def _probabilities(face: FaceCrop, mask: FaceMask) -> dict[str, float]:
    blurred = blur_probability(face.pixels)
    return {
        **mask_probabilities(mask),
        **face_colour_probabilities(mask),
        **hair_colour_probabilities(mask),
        **({} if blurred is None else {"Blurry": blurred}),
    }


def _resize(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    shrinks = min(pixels.shape[:2]) > INPUT_SIDE
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (INPUT_SIDE, INPUT_SIDE), interpolation=how), np.uint8)


def _face_mask(face: FaceCrop, pixels: NDArray[np.uint8], parts: NDArray[np.uint8]) -> FaceMask:
    height, width = face.pixels.shape[:2]
    landmarks = face.landmarks
    if landmarks is not None:
        landmarks = landmarks * np.array([INPUT_SIDE / width, INPUT_SIDE / height])
    return FaceMask(pixels, parts, landmarks)
