"""Retrieval metrics against a naive reference, ties and chance included."""

import itertools
import random
from statistics import mean

import pytest
import torch

from flip_training.evaluation.retrieval import (
    Metric,
    aucs,
    chance_of_rank,
    first_ranks,
    metrics,
    reranked,
    top_candidates,
)


def by_name(scores: torch.Tensor, relevance: torch.Tensor) -> dict[str, Metric]:
    """The metrics of a direction."""
    return {metric.name: metric for metric in metrics(scores, relevance)}


def naive_auc(scores: list[float], right: set[int]) -> float:
    """Every right candidate against every wrong one."""
    wrong = [s for i, s in enumerate(scores) if i not in right]
    pairs = [(scores[i], other) for i in right for other in wrong]
    return mean((a > b) + (a == b) / 2 for a, b in pairs) if pairs else 0.5


def naive_rank(scores: list[float], right: set[int]) -> int:
    """Walk down a list in which, among equals, the wrong ones come first."""
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i in right))
    return 1 + next(place for place, i in enumerate(order) if i in right)


@pytest.mark.parametrize("seed", range(5))
def test_ranks_equal_a_naive_walk(seed: int) -> None:
    rng = random.Random(seed)
    scores = [[float(rng.randrange(4)) for _ in range(9)] for _ in range(12)]
    right = [set(rng.sample(range(9), rng.randrange(1, 4))) for _ in range(12)]
    relevance = torch.tensor([[i in own for i in range(9)] for own in right])
    expected = [naive_rank(row, own) for row, own in zip(scores, right, strict=True)]
    assert first_ranks(torch.tensor(scores), relevance).tolist() == expected
    found = by_name(torch.tensor(scores), relevance)
    assert found["R@5"].value == pytest.approx(mean(rank <= 5 for rank in expected))
    assert found["median_rank"].value == sorted(expected)[(len(expected) - 1) // 2]


@pytest.mark.parametrize("seed", range(5))
def test_the_area_under_the_curve_equals_a_count_of_all_pairs(seed: int) -> None:
    rng = random.Random(seed)
    scores = [[float(rng.randrange(4)) for _ in range(9)] for _ in range(12)]
    right = [set(rng.sample(range(9), rng.randrange(1, 10))) for _ in range(12)]
    relevance = torch.tensor([[i in own for i in range(9)] for own in right])
    expected = [naive_auc(row, own) for row, own in zip(scores, right, strict=True)]
    assert aucs(torch.tensor(scores), relevance).tolist() == pytest.approx(expected)


def test_the_area_of_a_large_gallery_is_that_of_its_queries_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(1100, 40, generator=generator)
    relevance = torch.rand(1100, 40, generator=generator) < 0.1
    relevance[:, 0] = True
    alone = [aucs(scores[i : i + 1], relevance[i : i + 1]).item() for i in (0, 511, 512, 1099)]
    assert aucs(scores, relevance)[[0, 511, 512, 1099]].tolist() == pytest.approx(alone)
    ranks = first_ranks(scores, relevance)
    assert ranks[1099] == first_ranks(scores[1099:], relevance[1099:])[0]


def test_chance_equals_the_count_over_all_orders() -> None:
    right = [{0}, {0, 1}, {2, 3, 4}]
    relevance = torch.tensor([[i in own for i in range(5)] for own in right])
    orders = list(itertools.permutations(range(5)))
    for k in range(1, 6):
        hits = [bool(own & set(order[:k])) for own in right for order in orders]
        assert chance_of_rank(relevance)[k - 1].item() == pytest.approx(mean(hits))


def test_chance_of_one_right_candidate_is_k_of_n() -> None:
    found = by_name(
        torch.rand(40, 40, generator=torch.Generator().manual_seed(0)), torch.eye(40) > 0
    )
    assert [found[f"R@{k}"].chance for k in (1, 5, 10)] == pytest.approx([1 / 40, 5 / 40, 10 / 40])
    assert found["median_rank"].chance == 20
    assert found["auc"].chance == 0.5


def test_a_model_that_scores_everything_alike_is_worst_by_rank_and_chance_by_area() -> None:
    found = by_name(torch.zeros(20, 20), torch.eye(20) > 0)
    assert found["R@10"].value == 0
    assert found["median_rank"].value == 20
    assert found["auc"].value == 0.5


def test_recall_beyond_the_candidates_is_certain_and_so_is_its_chance() -> None:
    found = by_name(torch.eye(3), torch.eye(3) > 0)["R@10"]
    assert (found.value, found.chance) == (1, 1)


def test_permuting_pairs_changes_nothing() -> None:
    generator = torch.Generator().manual_seed(1)
    scores = torch.rand(15, 15, generator=generator)
    order = torch.randperm(15, generator=generator)
    shuffled = scores[order][:, order]
    before, after = (by_name(each, torch.eye(15) > 0) for each in (scores, shuffled))
    for name, metric in before.items():
        assert after[name].value == pytest.approx(metric.value)


def test_a_query_without_a_right_candidate_is_an_error() -> None:
    with pytest.raises(ValueError, match="right candidate"):
        first_ranks(torch.eye(2), torch.tensor([[True, False], [False, False]]))


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_a_score_that_is_not_finite_is_an_error(value: float) -> None:
    scores = torch.eye(3)
    scores[1, 2] = value
    with pytest.raises(ValueError, match="scores must be finite, 1 of 9 are not"):
        metrics(scores, torch.eye(3) > 0)


def test_reranking_orders_the_best_anew_and_leaves_the_rest_behind() -> None:
    scores = torch.tensor([[0.9, 0.8, 0.7, 0.1, 0.5]])
    candidates = top_candidates(scores, 3)
    again = reranked(scores, candidates, torch.tensor([[-5.0, 3.0, -1.0]]))
    assert again.argsort(dim=1, descending=True).tolist() == [[1, 2, 0, 4, 3]]
