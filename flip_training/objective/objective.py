"""The objective of a step: both losses of a piece of pairs, with momentum twin and queue.

Joins the model with what remembers, with the other processes and with the losses; the loop belongs
to ``train``. Shape legend: P pairs in a piece, B of them this process's own, D width of the shared
space.

It is the authors' objective, except for this. They contrast a process's pairs with its own batch
and the queue; here the whole piece takes part, so that the number of processes changes nothing but
where dropout falls. They count only a pair's own picture and caption as right; here equal ones as
well, and these are never drawn as negatives. Their queue starts full of random features and must be
a multiple of the batch; here it holds only what it was given. Their twin has dropout; here it has
none.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from flip_training.config import TrainConfig
from flip_training.model.flip import FLIPModel
from flip_training.objective.contrast import (
    Contrast,
    PairFeatures,
    sigmoid_contrast,
    softmax_contrast,
)
from flip_training.objective.distributed import Processes
from flip_training.objective.losses import hard_negatives, itm_loss
from flip_training.objective.momentum import FeatureQueue, MomentumTwin


class FLIPLosses(NamedTuple):
    """The two losses of a process's share of a piece, in nats.

    Their mean over the processes, in value and in gradient, is that of the piece.
    """

    itc: Tensor
    itm: Tensor


def alpha_at(step: int, steps_per_epoch: int, alpha: float, ramp_epochs: float) -> float:
    """Weight of the soft targets at a step: rises linearly from 0 over the first epochs."""
    ramp_steps = ramp_epochs * steps_per_epoch
    return alpha if step >= ramp_steps else alpha * step / ramp_steps


def negative_draws(num_pairs: int, generator: torch.Generator) -> Tensor:
    """What decides on a piece's hard negatives: uniform in [0, 1), (2, num_pairs), on the CPU."""
    return torch.rand(2, num_pairs, generator=generator)


class Objective(nn.Module):
    """A model with all that its losses need; data-parallel training wraps it as it is.

    The loop calls ``follow`` once per optimizer step, and the objective itself once per piece. Its
    state dict is all that a training must remember of it; it is equal on all processes.

    Attributes:
        model: The model in training.
        twin: Its momentum twin; None with the sigmoid loss, or where ``train.momentum`` is 0.
        queue: Past features of the twin, else of the model; None with the sigmoid loss.
    """

    def __init__(
        self, model: FLIPModel, config: TrainConfig, processes: Processes | None = None
    ) -> None:
        """Around a model that is on its device.

        Args:
            model: The model in training.
            config: How it is trained.
            processes: Who trains it together; None for this process alone.

        Raises:
            ValueError: If the model was made for the other loss of ITC.
        """
        super().__init__()
        if model.config.contrast != config.contrast:
            raise ValueError(
                f"train.contrast is {config.contrast!r}, but the model was made for "
                f"{model.config.contrast!r}"
            )
        has_memory = config.contrast == "softmax"
        self.model = model
        self.processes = processes or Processes()
        self.twin = MomentumTwin(model, config.momentum) if has_memory and config.momentum else None
        self.queue = FeatureQueue(config.queue_size, model.config.embed_dim) if has_memory else None
        self.to(model.device)

    def follow(self) -> None:
        """Bring the temperature within bounds and move the twin to the model, before a step."""
        self.model.clamp_temp()
        if self.twin is not None:
            self.twin.follow(self.model)

    def forward(self, batch: Mapping[str, Tensor], alpha: float, draws: Tensor) -> FLIPLosses:
        """Both losses of this process's share of a piece; the piece's features join the queue.

        Args:
            batch: ``pixel_values`` (B, 3, H, W) normalised, ``input_ids`` and ``attention_mask``
                (B, L) of the same L in all processes, ``image_id`` and ``caption_id`` (B,).
            alpha: Weight of the twin's opinion in ITC's targets.
            draws: ``negative_draws`` of the whole piece, (2, P), the same in all processes.
        """
        image_embeds, image_feat = self.model.encode_image(batch["pixel_values"])
        text_feat = self.model.encode_text(batch["input_ids"], batch["attention_mask"])
        own = PairFeatures(image_feat, text_feat, batch["image_id"], batch["caption_id"])
        if self.queue is None:
            contrast = self._sigmoid(own)
        else:
            contrast = self._softmax(self.queue, batch, own, alpha)
        return FLIPLosses(contrast.loss, self._match(batch, image_embeds, contrast, draws))

    def _sigmoid(self, own: PairFeatures) -> Contrast:
        gather = self.processes.gather
        captions = self.processes.gather_with_grad(own.text_feat)
        piece = PairFeatures(
            gather(own.image_feat), captions, gather(own.image_id), gather(own.caption_id)
        )
        return sigmoid_contrast(own, piece, self.model.logit_scale, self.model.logit_bias)

    def _softmax(
        self, queue: FeatureQueue, batch: Mapping[str, Tensor], own: PairFeatures, alpha: float
    ) -> Contrast:
        """Each pair against the piece, which comes first among the candidates, and the queue."""
        opinion = own if self.twin is None else self.twin.features(batch)
        join = self.processes.gather_with_grad if self.twin is None else self.processes.gather
        piece = PairFeatures(
            join(opinion.image_feat),
            join(opinion.text_feat),
            self.processes.gather(own.image_id),
            self.processes.gather(own.caption_id),
        )
        candidates = PairFeatures(
            *(torch.cat(pair) for pair in zip(piece, queue.contents(), strict=True))
        )
        queue.enqueue(piece)
        return softmax_contrast(own, opinion, candidates, self.model.temperature, alpha)

    def _match(
        self,
        batch: Mapping[str, Tensor],
        image_embeds: Tensor,
        contrast: Contrast,
        draws: Tensor,
    ) -> Tensor:
        """Each pair once as it is, once with a wrong caption, once with a wrong picture.

        Pairs without a wrong one in the piece are computed with a dummy and weigh nothing: all
        processes then do the same work, which collectives in the backward pass rely on.
        """
        num_pairs = draws.shape[1]
        rows = self.processes.own_rows(num_pairs)
        piece = slice(0, num_pairs)
        wrong_text = hard_negatives(
            contrast.sim_i2t[:, piece], contrast.positives[:, piece], draws[0, rows]
        )
        wrong_image = hard_negatives(
            contrast.sim_t2i[:, piece], contrast.positives[:, piece], draws[1, rows]
        )
        other_images = self.processes.gather_with_grad(image_embeds)[wrong_image.column]
        ids, mask = batch["input_ids"], batch["attention_mask"]
        other_ids, other_mask = (
            self.processes.gather(tokens)[wrong_text.column] for tokens in (ids, mask)
        )
        own = torch.arange(len(ids), device=ids.device)
        logits = self.model.match(
            torch.cat([image_embeds, other_images]),
            torch.cat([ids, other_ids, ids]),
            torch.cat([mask, other_mask, mask]),
            image_index=torch.cat([own, own, own + len(own)]),
        )
        counts = torch.cat(
            [torch.ones_like(wrong_text.is_valid), wrong_text.is_valid, wrong_image.is_valid]
        ).to(logits.dtype)
        is_match = torch.arange(len(counts), device=ids.device) < len(own)
        return itm_loss(logits, is_match, counts / self.processes.mean(counts.sum()))
