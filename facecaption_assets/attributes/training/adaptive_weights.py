"""Weights of the attributes' losses, learnt from how their validation losses move.

An attribute whose validation loss is high and still changes gets a high weight; one that is
solved, or stuck, a low one.

Source: He et al., https://dl.acm.org/doi/10.1145/3123266.3123424, with the constants of
https://github.com/ewrfcas/face_attribute_classification_pytorch (model.py).
"""

from typing import Final

import torch
from torch import Tensor

_EPSILON: Final = 1e-8


def weights_from(previous: Tensor, current: Tensor) -> Tensor:
    """Weights from two successive windows of validation losses.

    Args:
        previous: (k, attributes), the older k losses of each attribute.
        current: (k, attributes), the newer.

    Returns:
        (attributes,), with a mean of one unless no loss has moved: then all are zero.
    """
    before, now = previous.mean(dim=0), current.mean(dim=0)
    trend = (now - before).abs() / (now + _EPSILON)
    moved = trend / (trend.mean() + _EPSILON)
    height = now / (now.mean() + _EPSILON)
    weights = moved * height
    scaled: Tensor = weights / (weights.mean() + _EPSILON)
    return scaled


class AdaptiveWeights:
    """The attributes' weights in the course of a training.

    Attributes:
        weights: (attributes,), float32; ones until two windows of losses have been seen.
        losses: (n, attributes), the newest losses, n at most two windows.

    Args:
        num_attributes: How many there are.
        window: Losses in a window, and steps between two updates.
        device: Where the tensors are.
    """

    def __init__(self, num_attributes: int, window: int, device: torch.device) -> None:
        self._window = window
        self.weights = torch.ones(num_attributes, device=device)
        self.losses = torch.empty(0, num_attributes, device=device)

    def observe(self, step: int, losses: Tensor) -> None:
        """Take note of a step's validation losses, (attributes,), and update when it is time."""
        newest = torch.cat([self.losses, losses.detach().float()[None]])
        self.losses = newest[-2 * self._window :]
        if step % self._window == 0 and len(self.losses) == 2 * self._window:
            older, newer = self.losses[: self._window], self.losses[self._window :]
            self.weights = weights_from(older, newer)
