"""Pictures to tensors: decoding and resizing, augmentation, CLIP's normalisation.

As published, a crop is resized to a square without cropping; in training it is mirrored at random
and goes through RandAugment with the authors' list of operations. How strong an operation is at a
given magnitude is ours.
"""

import io
from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2 import functional as F

#: Mean and standard deviation of CLIP's pictures, RGB in [0, 1].
CLIP_MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Final = (0.26862954, 0.26130258, 0.27577711)


def load_crop(data: bytes, size: int) -> Tensor:
    """Decode a picture and resize it, bicubic: (3, size, size) uint8.

    Raises:
        ValueError: If the bytes are no picture.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("RGB", (size, size))
            resized = image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
    except OSError as error:
        raise ValueError(f"crop cannot be decoded: {error}") from error
    return torch.from_numpy(np.array(resized)).permute(2, 0, 1).contiguous()


def normalize(images: Tensor) -> Tensor:
    """uint8 pictures (B, 3, H, W) as the float32 that CLIP's encoder expects."""
    mean = torch.tensor(CLIP_MEAN, device=images.device).view(1, 3, 1, 1)
    std = torch.tensor(CLIP_STD, device=images.device).view(1, 3, 1, 1)
    return (images.float() / 255 - mean) / std


def augment(images: Tensor, num_ops: int, magnitude: int, generator: torch.Generator) -> Tensor:
    """Mirror each picture with probability 1/2 and apply ``num_ops`` random operations to it.

    Args:
        images: uint8, (B, 3, H, W).
        num_ops: Operations per picture, drawn with replacement; 0 for mirroring only.
        magnitude: Strength, 0-10.
        generator: Source of all randomness.

    Returns:
        uint8, (B, 3, H, W).
    """
    mirrored = torch.rand(len(images), generator=generator) < 0.5
    images = torch.where(mirrored.view(-1, 1, 1, 1), images.flip(-1), images)
    choices = torch.randint(len(OPERATIONS), (len(images), num_ops), generator=generator)
    signs = torch.randint(2, (len(images), num_ops), generator=generator) * 2 - 1
    names = list(OPERATIONS)
    augmented = []
    for image, ops, op_signs in zip(images, choices.tolist(), signs.tolist(), strict=True):
        for op, sign in zip(ops, op_signs, strict=True):
            image = OPERATIONS[names[op]](image, sign * magnitude / 10)
        augmented.append(image)
    return torch.stack(augmented)


def _affine(image: Tensor, angle: float, dx: float, dy: float, sx: float, sy: float) -> Tensor:
    size = image.shape[-1]
    shift = [round(dx * size), round(dy * size)]
    moved: Tensor = F.affine(image, angle, shift, 1.0, [sx, sy], fill=[0.0])
    return moved


#: Each takes a picture and a signed strength in [-1, 1].
OPERATIONS: Final[dict[str, Callable[[Tensor, float], Tensor]]] = {
    "identity": lambda image, _: image,
    "brightness": lambda image, s: F.adjust_brightness(image, 1 + 0.6 * s),
    "sharpness": lambda image, s: F.adjust_sharpness(image, 1 + 0.9 * s),
    "equalize": lambda image, _: F.equalize(image),
    "shear_x": lambda image, s: _affine(image, 0, 0, 0, 17 * s, 0),
    "shear_y": lambda image, s: _affine(image, 0, 0, 0, 0, 17 * s),
    "translate_x": lambda image, s: _affine(image, 0, 0.1 * s, 0, 0, 0),
    "translate_y": lambda image, s: _affine(image, 0, 0, 0.1 * s, 0, 0),
    "rotate": lambda image, s: _affine(image, 30 * s, 0, 0, 0, 0),
}
