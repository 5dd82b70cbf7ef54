"""Crops to the model's input: decoding and resizing, CLIP's normalisation.

As published, a crop is resized to a square without cropping. What training changes in it at random
belongs to ``augmentation``.
"""

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

#: RGB, (H, W, 3) uint8.
Picture = npt.NDArray[Any]

#: Mean and standard deviation of CLIP's pictures, RGB in [0, 1].
CLIP_MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Final = (0.26862954, 0.26130258, 0.27577711)


def load_crop(data: bytes, size: int) -> Picture:
    """Decode a picture and resize it, bicubic with antialiasing: (size, size, 3).

    Raises:
        ValueError: If the bytes are no picture.
    """
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    encoded = np.frombuffer(data, np.uint8)
    picture = cv2.imdecode(encoded, flags) if data else None
    if picture is None:
        raise ValueError(f"crop cannot be decoded: its {len(data)} bytes are no picture")
    return resized(picture, size)


def resized(picture: Picture, size: int) -> Picture:
    """The picture as a square, as Pillow's bicubic filter gives it but for rounding."""
    tensor = torch.from_numpy(picture)[None].permute(0, 3, 1, 2)
    square = torch.nn.functional.interpolate(tensor, (size, size), mode="bicubic", antialias=True)
    return square.permute(0, 2, 3, 1)[0].contiguous().numpy()


def normalize(images: Tensor) -> Tensor:
    """uint8 pictures (B, 3, H, W) as the float32 that CLIP's encoder expects."""
    mean = torch.tensor(CLIP_MEAN, device=images.device).view(1, 3, 1, 1)
    std = torch.tensor(CLIP_STD, device=images.device).view(1, 3, 1, 1)
    return (images.float() / 255 - mean) / std
