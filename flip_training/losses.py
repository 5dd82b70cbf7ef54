"""The two losses of FLIP and the choice of hard negatives, as functions of tensors.

Pairs of equal picture or equal caption are never contrasted: rewritten and template captions repeat
between faces, and a loss that called them negatives would ask for the impossible. Shape legend: B
batch, N candidates (the batch, then the queue).
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


def same_pairs(
    image_id: Tensor, caption_id: Tensor, image_ids: Tensor, caption_ids: Tensor
) -> Tensor:
    """Which candidates show the same picture or say the same as each pair: (B, N) bool.

    Args:
        image_id: The batch's pictures, (B,).
        caption_id: The batch's captions, (B,).
        image_ids: The candidates' pictures, (N,).
        caption_ids: The candidates' captions, (N,).
    """
    same_image = image_id[:, None] == image_ids[None, :]
    return same_image | (caption_id[:, None] == caption_ids[None, :])


def soft_targets(sim_m: Tensor, positives: Tensor, alpha: float) -> Tensor:
    """Targets of ITC: the momentum twin's opinion mixed with the truth; rows sum to 1.

    Args:
        sim_m: The twin's similarities over the temperature, (B, N).
        positives: Which candidates are right, (B, N) bool, at least one per row; they share the
            truth equally.
        alpha: Weight of the twin's opinion, in [0, 1).

    Source: ALBEF, https://arxiv.org/abs/2107.07651, section 3.4.
    """
    truth = positives.float()
    truth = truth / truth.sum(dim=1, keepdim=True)
    return alpha * F.softmax(sim_m, dim=1) + (1 - alpha) * truth


def itc_loss(sim_i2t: Tensor, sim_t2i: Tensor, targets_i2t: Tensor, targets_t2i: Tensor) -> Tensor:
    """Soft cross-entropy of both directions, averaged; in nats.

    Args:
        sim_i2t: Pictures against captions over the temperature, (B, N).
        sim_t2i: Captions against pictures over the temperature, (B, N).
        targets_i2t: Row-stochastic targets, (B, N).
        targets_t2i: Row-stochastic targets, (B, N).
    """
    i2t = F.cross_entropy(sim_i2t, targets_i2t)
    t2i = F.cross_entropy(sim_t2i, targets_t2i)
    return (i2t + t2i) / 2


class Negatives(NamedTuple):
    """For each row the column drawn, (B,), and whether the row had any to draw, (B,) bool."""

    column: Tensor
    is_valid: Tensor


def hard_negatives(sim: Tensor, positives: Tensor, generator: torch.Generator) -> Negatives:
    """Draw a wrong candidate per row, the likelier the more similar it is.

    Args:
        sim: Similarities over the temperature within the batch, (B, B).
        positives: Candidates that are right and must not be drawn, (B, B) bool.
        generator: Source of randomness, on the CPU.
    """
    is_valid = ~positives.all(dim=1)
    weights = F.softmax(sim.detach().float().masked_fill(positives, -torch.inf), dim=1)
    # A row without negatives is all NaN, as is every row of a model that has diverged: such rows
    # get a dummy draw, which the caller leaves out, or which the loss's own NaN makes moot.
    weights = weights.nan_to_num(nan=1.0)
    column = torch.multinomial(weights.cpu(), 1, generator=generator).squeeze(1)
    return Negatives(column.to(sim.device), is_valid)


def itm_loss(logits: Tensor, is_match: Tensor) -> Tensor:
    """Mean cross-entropy of match logits (N, 2) against the truth (N,) bool; in nats."""
    return F.cross_entropy(logits, is_match.long())
