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
    truth = positives.to(sim_m.dtype)
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


def sigmoid_loss(logits: Tensor, positives: Tensor) -> Tensor:
    """Every cell judged by itself as alike or not: summed over candidates, mean over rows; in nats.

    SigLIP has one right caption per picture. Here all that are alike count as right, as in ITC's
    softmax form; without repeated pictures or captions the two are the same.

    Args:
        logits: Similarities, scaled and biased, (B, N).
        positives: Which candidates are right, (B, N) bool.

    Source: SigLIP, https://arxiv.org/abs/2303.15343.
    """
    signs = 2 * positives.to(logits.dtype) - 1
    return -F.logsigmoid(signs * logits).sum(dim=1).mean()


class Negatives(NamedTuple):
    """For each row the column drawn, (B,), and whether the row had any to draw, (B,) bool."""

    column: Tensor
    is_valid: Tensor


def hard_negatives(sim: Tensor, positives: Tensor, draws: Tensor) -> Negatives:
    """Draw a wrong candidate per row with the softmax of its similarity as probability.

    Each row's draw is looked up in the cumulated probabilities, so that it depends on nothing but
    the row: the same pairs cut into other batches draw the same negatives.

    Args:
        sim: Similarities as the loss scales them, (B, N).
        positives: Candidates that are right and must not be drawn, (B, N) bool.
        draws: Uniform random numbers in [0, 1), (B,).
    """
    is_valid = ~positives.all(dim=1)
    weights = F.softmax(sim.detach().float().masked_fill(positives, -torch.inf), dim=1)
    # A row without negatives is all NaN, as is every row of a model that has diverged: such rows
    # get a dummy draw, which the caller leaves out, or which the loss's own NaN makes moot.
    upto = weights.nan_to_num(nan=1.0).double().cumsum(dim=1)
    # In double precision a draw below 1 stays below the sum, and so finds a weight that is not 0.
    wanted = draws.to(upto)[:, None] * upto[:, -1:]
    return Negatives(torch.searchsorted(upto, wanted, right=True).squeeze(1), is_valid)


def itm_loss(logits: Tensor, is_match: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum of the cross-entropies of match logits (N, 2) against the truth; in nats.

    Args:
        logits: Scores that a pair does not (0) or does (1) match, (N, 2).
        is_match: The truth, (N,) bool.
        weights: Each row's weight, (N,): 1 / N for a mean, 0 for a row that does not count.
    """
    return (F.cross_entropy(logits, is_match.long(), reduction="none") * weights).sum()
