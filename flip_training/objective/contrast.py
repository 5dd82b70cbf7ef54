"""ITC of some pairs against candidates, by either loss, as functions of features.

Where the candidates come from (the other processes, the momentum twin, the queue) belongs to
``objective``. Shape legend: B pairs, N candidates, D width of the shared space.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from flip_training.objective.losses import itc_loss, same_pairs, sigmoid_loss, soft_targets


class PairFeatures(NamedTuple):
    """Unit features (N, D) of pictures and captions, and their ids (N,)."""

    image_feat: Tensor
    text_feat: Tensor
    image_id: Tensor
    caption_id: Tensor


class Contrast(NamedTuple):
    """ITC of some pairs, and what it saw: similarities as the loss scales them, who is alike."""

    loss: Tensor
    sim_i2t: Tensor  # (B, N)
    sim_t2i: Tensor  # (B, N)
    positives: Tensor  # (B, N)


def softmax_contrast(
    own: PairFeatures,
    opinion: PairFeatures,
    candidates: PairFeatures,
    temperature: Tensor,
    alpha: float,
) -> Contrast:
    """Cross-entropy of each picture over all captions and the reverse; in nats.

    With the pairs themselves as candidates, ``alpha`` 0 and nothing alike, this is CLIP's loss.

    Args:
        own: The model's features of the pairs, B of them.
        opinion: Features of the same pairs by whom the soft targets are made.
        candidates: What the pairs are contrasted with, N; each pair is among them.
        temperature: What similarities are divided by, a positive scalar.
        alpha: Weight of the opinion in the targets, in [0, 1).
    """
    positives = same_pairs(own.image_id, own.caption_id, candidates.image_id, candidates.caption_id)
    # Similarities of half precision would be off by hundredths once divided by the temperature.
    with torch.autocast(own.image_feat.device.type, enabled=False):
        sim_i2t = own.image_feat @ candidates.text_feat.T / temperature
        sim_t2i = own.text_feat @ candidates.image_feat.T / temperature
        with torch.no_grad():
            sim_i2t_m = opinion.image_feat @ candidates.text_feat.T / temperature
            sim_t2i_m = opinion.text_feat @ candidates.image_feat.T / temperature
            targets_i2t = soft_targets(sim_i2t_m, positives, alpha)
            targets_t2i = soft_targets(sim_t2i_m, positives, alpha)
        loss = itc_loss(sim_i2t, sim_t2i, targets_i2t, targets_t2i)
    return Contrast(loss, sim_i2t, sim_t2i, positives)


def sigmoid_contrast(
    own: PairFeatures, candidates: PairFeatures, logit_scale: Tensor, logit_bias: Tensor
) -> Contrast:
    """SigLIP's loss of each picture with every caption, alike or not; in nats per picture.

    Args:
        own: The model's features of the pairs, B of them.
        candidates: What the pairs are contrasted with, N; each pair is among them.
        logit_scale: Logarithm of what similarities are multiplied by, a scalar.
        logit_bias: What is then added, a scalar.
    """
    positives = same_pairs(own.image_id, own.caption_id, candidates.image_id, candidates.caption_id)
    with torch.autocast(own.image_feat.device.type, enabled=False):
        scale = logit_scale.exp()
        sim_i2t = own.image_feat @ candidates.text_feat.T * scale
        with torch.no_grad():  # the loss has each pair once, from its picture
            sim_t2i = own.text_feat @ candidates.image_feat.T * scale
        loss = sigmoid_loss(sim_i2t + logit_bias, positives)
    return Contrast(loss, sim_i2t, sim_t2i, positives)
