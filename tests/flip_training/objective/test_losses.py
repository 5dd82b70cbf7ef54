"""The losses against plain computations and open_clip's, and what is never a negative."""

import math

import pytest
import torch
from torch.nn import functional

from flip_training.objective.losses import (
    hard_negatives,
    itc_loss,
    itm_loss,
    same_pairs,
    sigmoid_loss,
    soft_targets,
)


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


def test_sigmoid_judges_every_cell_by_itself() -> None:
    logits = torch.tensor([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0]])
    positives = torch.tensor([[True, False, True], [False, True, False]])
    how_wrong = [-2, -1, -0.5, 0, -3, -2]  # above 0 where the wrong side is held likelier
    expected = sum(math.log1p(math.exp(wrong)) for wrong in how_wrong) / 2
    assert sigmoid_loss(logits, positives).item() == pytest.approx(expected)


def test_negatives_are_drawn_as_often_as_their_softmax_says() -> None:
    draws, row = 20_000, torch.tensor([[1.0, 2.0, -4.0, 0.5, 2.5, 0.0]])
    positives = torch.tensor([[True, False, False, True, False, False]])
    weights = functional.softmax(row[~positives], dim=0)
    uniform = torch.rand(draws, generator=torch.Generator().manual_seed(0))
    drawn = hard_negatives(row.repeat(draws, 1), positives.repeat(draws, 1), uniform)
    counts = torch.bincount(drawn.column, minlength=6)[~positives[0]]
    assert counts.sum() == draws  # no positive was drawn
    chi_square = ((counts - draws * weights) ** 2 / (draws * weights)).sum()
    assert chi_square < 16.3  # 99.9 % of its distribution with three degrees of freedom
    assert drawn.is_valid.all()


@pytest.mark.parametrize("draw", [0.0, 1 - 2**-24])
def test_the_extreme_draws_find_no_weightless_candidate(draw: float) -> None:
    sim = torch.tensor([[5.0, 0.0, 200.0, 0.0, 5.0]])
    positives = torch.tensor([[True, False, False, False, True]])
    assert hard_negatives(sim, positives, torch.tensor([draw])).column.tolist() == [2]


def test_a_rows_negative_does_not_depend_on_the_other_rows() -> None:
    generator = torch.Generator().manual_seed(0)
    sim, draws = torch.randn(6, 6, generator=generator), torch.rand(6, generator=generator)
    positives = torch.eye(6, dtype=torch.bool)
    together = hard_negatives(sim, positives, draws).column
    for rows in (slice(0, 2), slice(2, 6)):
        apart = hard_negatives(sim[rows], positives[rows], draws[rows]).column
        assert apart.tolist() == together[rows].tolist()


def test_a_row_without_negatives_is_marked() -> None:
    drawn = hard_negatives(
        torch.zeros(2, 2), torch.tensor([[True, True], [True, False]]), torch.tensor([0.9, 0.1])
    )
    assert drawn.is_valid.tolist() == [False, True]
    assert drawn.column[1] == 1


def test_itm_is_cross_entropy_of_the_rows_that_count() -> None:
    logits = torch.tensor([[0.0, 2.0], [1.0, 0.0], [9.0, 9.0]])
    expected = (math.log1p(math.exp(-2)) + math.log1p(math.exp(-1))) / 2
    truth, weights = torch.tensor([True, False, False]), torch.tensor([0.5, 0.5, 0.0])
    assert itm_loss(logits, truth, weights).item() == pytest.approx(expected)
