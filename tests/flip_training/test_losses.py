"""The losses against plain computations, and what is never a negative."""

import math

import pytest
import torch
from torch.nn import functional

from flip_training.losses import hard_negatives, itc_loss, itm_loss, same_pairs, soft_targets


def test_pairs_of_equal_picture_or_equal_caption_are_alike() -> None:
    alike = same_pairs(
        torch.tensor([1, 2]),
        torch.tensor([7, 8]),
        torch.tensor([1, 2, 3, 1]),
        torch.tensor([7, 8, 7, 9]),
    )
    assert alike.tolist() == [[True, False, True, True], [False, True, False, False]]


def test_targets_mix_opinion_and_truth() -> None:
    sim_m = torch.tensor([[2.0, 0.0, 1.0]])
    positives = torch.tensor([[True, False, True]])
    targets = soft_targets(sim_m, positives, alpha=0.4)
    total = math.exp(2) + 1 + math.exp(1)
    expected = [0.4 * math.exp(s) / total + 0.6 * t for s, t in ((2, 0.5), (0, 0), (1, 0.5))]
    assert targets.tolist()[0] == pytest.approx(expected)


def test_itc_is_the_mean_cross_entropy_of_both_directions() -> None:
    generator = torch.Generator().manual_seed(0)
    sims = torch.randn(2, 4, 6, generator=generator)
    truth = torch.eye(4, 6)
    expected = sum(functional.cross_entropy(sim, torch.arange(4)) for sim in sims) / 2
    assert itc_loss(sims[0], sims[1], truth, truth).item() == pytest.approx(float(expected))


def test_negatives_are_never_positives_and_prefer_the_similar() -> None:
    sim = torch.tensor([[0.0, 3.0, 0.0, 0.0]]).repeat(4000, 1)
    positives = torch.tensor([[True, False, False, True]]).repeat(4000, 1)
    drawn = hard_negatives(sim, positives, torch.Generator().manual_seed(0))
    counts = torch.bincount(drawn.column, minlength=4) / 4000
    assert counts[0] == counts[3] == 0
    assert counts[1].item() == pytest.approx(math.exp(3) / (1 + math.exp(3)), abs=0.02)
    assert drawn.is_valid.all()


def test_a_row_without_negatives_is_marked() -> None:
    drawn = hard_negatives(
        torch.zeros(2, 2), torch.tensor([[True, True], [True, False]]), torch.Generator()
    )
    assert drawn.is_valid.tolist() == [False, True]
    assert drawn.column[1] == 1


def test_itm_is_cross_entropy() -> None:
    logits = torch.tensor([[0.0, 2.0], [1.0, 0.0]])
    expected = (math.log(1 + math.exp(-2)) + math.log(1 + math.exp(-1))) / 2
    assert itm_loss(logits, torch.tensor([True, False])).item() == pytest.approx(expected)
