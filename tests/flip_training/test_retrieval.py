"""Retrieval metrics against a naive reference, ties and chance included."""

import itertools
import random
from statistics import mean

import pytest
import torch

from flip_training.retrieval import (
    chance_of_rank,
    first_ranks,
    median_rank,
    metrics,
    recall_at,
    reranked,
    top_candidates,
)


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
    ranks = first_ranks(torch.tensor(scores), relevance)
    expected = [naive_rank(row, own) for row, own in zip(scores, right, strict=True)]
    assert ranks.tolist() == expected
    assert recall_at(ranks, 3) == mean(rank <= 3 for rank in expected)
    assert median_rank(ranks) == sorted(expected)[(len(expected) - 1) // 2]


def test_chance_equals_the_count_over_all_orders() -> None:
    right = [{0}, {0, 1}, {2, 3, 4}]
    relevance = torch.tensor([[i in own for i in range(5)] for own in right])
    orders = list(itertools.permutations(range(5)))
    for k in range(1, 6):
        hits = [bool(own & set(order[:k])) for own in right for order in orders]
        assert chance_of_rank(relevance)[k - 1].item() == pytest.approx(mean(hits))


def test_chance_of_one_right_candidate_is_k_of_n() -> None:
    found = metrics(
        torch.rand(40, 40, generator=torch.Generator().manual_seed(0)), torch.eye(40) > 0
    )
    assert [found[f"R@{k}"][1] for k in (1, 5, 10)] == pytest.approx([1 / 40, 5 / 40, 10 / 40])
    assert found["median_rank"][1] == 20


def test_a_model_that_scores_everything_alike_is_worst_not_best() -> None:
    assert metrics(torch.zeros(20, 20), torch.eye(20) > 0)["R@10"][0] == 0


def test_recall_beyond_the_candidates_is_certain_and_so_is_its_chance() -> None:
    assert metrics(torch.eye(3), torch.eye(3) > 0)["R@10"] == (1, 1)


def test_permuting_pairs_changes_nothing() -> None:
    generator = torch.Generator().manual_seed(1)
    scores = torch.rand(15, 15, generator=generator)
    order = torch.randperm(15, generator=generator)
    shuffled = scores[order][:, order]
    assert metrics(scores, torch.eye(15) > 0) == metrics(shuffled, torch.eye(15) > 0)


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
