"""CLIP-IQA: which of two texts a CLIP finds nearer to a picture, "Good photo." or "Bad photo.".

How pictures and texts are embedded belongs to ``clip``.

Source: J. Wang, K. C. K. Chan and C. C. Loy, Exploring CLIP for Assessing the Look and Feel of
Images, AAAI 2023, https://arxiv.org/abs/2207.12396. The paper takes the ResNet-50 of OpenAI's CLIP
without its positional embedding; the model here is what the settings name, and scores of different
models cannot be compared.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.clip import Clip
from facecaption_assets.quality.image_scoring.settings import CLIP_SETTING

#: The paper's pair of opposites.
PROMPTS: Final = ("Good photo.", "Bad photo.")


class ClipIqa:
    """Scores pictures by a softmax over the two texts; the higher, the better.

    Args:
        model: Folder, or name on the hub, with ``@revision`` where a certain one is meant.
        device: PyTorch's name of the device; the first GPU, else the CPU, where None.

    Attributes:
        model: As given.

    Raises:
        ModelUnavailable: If the model cannot be had, is damaged, or is no CLIP.
    """

    def __init__(self, model: str, device: str | None = None) -> None:
        self.model = model
        self._clip = Clip(model, CLIP_SETTING, device)
        self._texts = self._clip.text_directions(PROMPTS)
        self._clip.use_fast_numbers()

    def score(self, pictures: Sequence[NDArray[np.uint8]]) -> list[float]:
        """Score in [0, 1] of each picture (H, W, 3), RGB; they are one call of the network."""
        import torch

        with torch.inference_mode():
            cosines = self._clip.picture_directions(pictures) @ self._texts.T
            shares: list[float] = (self._clip.scale * cosines).softmax(dim=-1)[:, 0].tolist()
        return shares
