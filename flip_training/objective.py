"""The objective of one step: both losses of a batch, with momentum twin and queue.

Joins the model with what remembers and with the losses; the loop belongs to ``train``.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from flip_training.data import Batch
from flip_training.flip import FLIPModel
from flip_training.losses import (
    hard_negatives,
    itc_loss,
    itm_loss,
    same_pairs,
    soft_targets,
)
from flip_training.momentum import FeatureQueue, MomentumTwin, QueuedFeatures


class FLIPLosses(NamedTuple):
    """The two losses of a batch, in nats."""

    itc: Tensor
    itm: Tensor


class Encoded(NamedTuple):
    """A batch as the model sees it: states, unit features, similarities and who is alike."""

    image_embeds: Tensor  # (B, P + 1, V)
    sim_i2t: Tensor  # (B, B)
    sim_t2i: Tensor  # (B, B)
    positives: Tensor  # (B, B)


def alpha_at(step: int, steps_per_epoch: int, alpha: float, ramp_epochs: float) -> float:
    """Weight of the soft targets at a step: rises linearly from 0 over the first epochs."""
    ramp_steps = ramp_epochs * steps_per_epoch
    return alpha if step >= ramp_steps else alpha * step / ramp_steps


def flip_losses(
    model: FLIPModel,
    twin: MomentumTwin,
    queue: FeatureQueue,
    batch: Batch,
    alpha: float,
    generator: torch.Generator,
) -> FLIPLosses:
    """Both losses of a batch; the batch's features join the queue.

    Args:
        model: The model in training.
        twin: Its momentum twin, already moved to this step.
        queue: Past features of the twin.
        batch: ``pixel_values`` (B, 3, H, W) normalised, and the other fields of
            ``data.TrainingBatches``.
        alpha: Weight of the twin's opinion in the targets.
        generator: Source of the negatives' randomness, on the CPU.
    """
    encoded, loss_itc = _contrast(model, twin, queue, batch, alpha)
    return FLIPLosses(loss_itc, _match(model, batch, encoded, generator))


def _contrast(
    model: FLIPModel, twin: MomentumTwin, queue: FeatureQueue, batch: Batch, alpha: float
) -> tuple[Encoded, Tensor]:
    image_embeds, image_feat = model.encode_image(batch["pixel_values"])
    text_feat = model.encode_text(batch["input_ids"], batch["attention_mask"])
    with torch.no_grad():
        _, image_feat_m = twin.model.encode_image(batch["pixel_values"])
        text_feat_m = twin.model.encode_text(batch["input_ids"], batch["attention_mask"])
    fresh = QueuedFeatures(image_feat_m, text_feat_m, batch["image_id"], batch["caption_id"])
    pool = QueuedFeatures(
        *(torch.cat(pair) for pair in zip(fresh, queue.contents(), strict=True))
    )  # (B + M, ...)
    positives = same_pairs(batch["image_id"], batch["caption_id"], pool.image_id, pool.caption_id)
    sim_i2t = image_feat @ pool.text_feat.T / model.temp  # (B, B + M)
    sim_t2i = text_feat @ pool.image_feat.T / model.temp  # (B, B + M)
    with torch.no_grad():
        targets_i2t = soft_targets(image_feat_m @ pool.text_feat.T / model.temp, positives, alpha)
        targets_t2i = soft_targets(text_feat_m @ pool.image_feat.T / model.temp, positives, alpha)
    queue.enqueue(fresh)
    size = len(image_feat)
    encoded = Encoded(image_embeds, sim_i2t[:, :size], sim_t2i[:, :size], positives[:, :size])
    return encoded, itc_loss(sim_i2t, sim_t2i, targets_i2t, targets_t2i)


def _match(model: FLIPModel, batch: Batch, encoded: Encoded, generator: torch.Generator) -> Tensor:
    """Each pair once as it is, once with a wrong caption, once with a wrong picture."""
    wrong_text = hard_negatives(encoded.sim_i2t, encoded.positives, generator)
    wrong_image = hard_negatives(encoded.sim_t2i, encoded.positives, generator)
    own = torch.arange(len(encoded.positives), device=encoded.positives.device)
    image_index = torch.cat([own, own, wrong_image.column])  # (3B,)
    text_index = torch.cat([own, wrong_text.column, own])  # (3B,)
    is_match = torch.arange(len(image_index), device=own.device) < len(own)
    is_used = torch.cat(
        [torch.ones_like(wrong_text.is_valid), wrong_text.is_valid, wrong_image.is_valid]
    )
    image_index, text_index, is_match = (
        values[is_used] for values in (image_index, text_index, is_match)
    )
    logits = model.match(
        encoded.image_embeds[image_index],
        batch["input_ids"][text_index],
        batch["attention_mask"][text_index],
    )
    return itm_loss(logits, is_match)
