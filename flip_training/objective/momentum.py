"""What remembers: the momentum twin of a model, and the queue of its past features.

Source: MoCo (https://arxiv.org/abs/1911.05722), in the form of ALBEF
(https://arxiv.org/abs/2107.07651).
"""

import copy
from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from flip_training.model.flip import FLIPModel
from flip_training.objective.contrast import PairFeatures


class MomentumTwin(nn.Module):
    """A slow copy of a model: an exponential moving average of its weights, never trained.

    It has no dropout either, also while the model trains; the authors' has.
    """

    def __init__(self, model: FLIPModel, momentum: float) -> None:
        super().__init__()
        self.momentum = momentum
        self.model = copy.deepcopy(model).requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode, whatever the mode of what holds it."""
        return super().train(False)

    @torch.no_grad()
    def follow(self, model: FLIPModel) -> None:
        """Move each weight to ``momentum x own + (1 - momentum) x the model's``."""
        move = get_ema_multi_avg_fn(self.momentum)  # type: ignore[no-untyped-call]
        move(list(self.model.parameters()), list(model.parameters()), 0)

    @torch.no_grad()
    def features(self, batch: Mapping[str, Tensor]) -> PairFeatures:
        """Its features of a batch as ``objective.Objective`` takes it."""
        image_feat = self.model.image_features(batch["pixel_values"])
        text_feat = self.model.encode_text(batch["input_ids"], batch["attention_mask"])
        return PairFeatures(image_feat, text_feat, batch["image_id"], batch["caption_id"])


class FeatureQueue(nn.Module):
    """The last ``size`` pairs' features, as a ring; starts empty.

    Published queues start full of random features and must be a multiple of the batch; this one
    shows only what it was given, and wraps anywhere.
    """

    image_feat: Tensor
    text_feat: Tensor
    image_id: Tensor
    caption_id: Tensor
    num_seen: Tensor

    def __init__(self, size: int, embed_dim: int) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("image_feat", torch.zeros(size, embed_dim))
        self.register_buffer("text_feat", torch.zeros(size, embed_dim))
        self.register_buffer("image_id", torch.zeros(size, dtype=torch.int64))
        self.register_buffer("caption_id", torch.zeros(size, dtype=torch.int64))
        self.register_buffer("num_seen", torch.zeros((), dtype=torch.int64))

    def _ring(self) -> PairFeatures:
        return PairFeatures(self.image_feat, self.text_feat, self.image_id, self.caption_id)

    def contents(self) -> PairFeatures:
        """What is held, in no particular order; views, which the next ``enqueue`` changes."""
        held = min(int(self.num_seen), self.size)
        return PairFeatures(*(values[:held] for values in self._ring()))

    @torch.no_grad()
    def enqueue(self, features: PairFeatures) -> None:
        """Add a batch, forgetting the oldest where the queue is full."""
        num_new = len(features.image_id)
        kept = min(num_new, self.size)
        first = int(self.num_seen) + num_new - kept
        places = (first + torch.arange(kept, device=self.num_seen.device)) % max(self.size, 1)
        for held, new in zip(self._ring(), features, strict=True):
            held[places] = new[num_new - kept :]
        self.num_seen += num_new
