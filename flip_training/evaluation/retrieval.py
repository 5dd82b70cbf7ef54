"""Retrieval metrics as functions of score and relevance matrices.

Rows are queries, columns candidates; scores are better when higher. A relevance matrix says which
candidates are right, so that several captions of a picture, and equal captions of several pictures,
need no special case. Computing the scores belongs to ``evaluate``.

Ties count against the query: a model that scores everything alike reaches the worst rank, not the
best. Only in the area under the ROC curve they count half, so that such a model reaches chance.

Queries are worked through by rows, so that besides the two matrices little is held in memory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from flip_training.evaluation.intervals import Statistic, weighted_mean, weighted_median

#: The field's cut-offs.
RECALL_AT: Final = (1, 5, 10)

#: Queries whose scores are worked on at a time.
_ROWS: Final = 512


def first_ranks(scores: Tensor, relevance: Tensor) -> Tensor:
    """Rank of each query's best right candidate, from 1: (Q,) int64.

    Example: with scores ``[[3, 1, 2]]`` and only the last candidate right, the rank is 2; with
    scores ``[[2, 1, 2]]`` it is 2 as well, because the tie counts against the query.

    Args:
        scores: (Q, N).
        relevance: (Q, N) bool, at least one per row.

    Raises:
        ValueError: If a query has no right candidate, or a score is not finite: NaN is neither
            above nor below anything, so that it would rank every right candidate first.
    """
    if num_bad := int((~scores.isfinite()).sum()):
        raise ValueError(f"scores must be finite, {num_bad} of {scores.numel()} are not")
    if not relevance.any(dim=1).all():
        raise ValueError("every query needs a right candidate")
    return _by_rows(_first_ranks, scores, relevance)


def _first_ranks(scores: Tensor, relevance: Tensor) -> Tensor:
    best = scores.masked_fill(~relevance, -torch.inf).amax(dim=1, keepdim=True)
    return 1 + ((scores >= best) & ~relevance).sum(dim=1)


def aucs(scores: Tensor, relevance: Tensor) -> Tensor:
    """Area under each query's ROC curve: (Q,) float64.

    That is the share of pairs of a right and a wrong candidate in which the right one has the
    higher score; equal scores count half. Any order that ignores the query reaches 0.5 on average.
    A query whose candidates are all right has nothing to tell apart and gets 0.5.

    Args:
        scores: (Q, N), finite.
        relevance: (Q, N) bool, at least one per row.
    """
    return _by_rows(_aucs, scores, relevance)


def _aucs(scores: Tensor, relevance: Tensor) -> Tensor:
    scores = scores.contiguous()
    ordered = scores.sort(dim=1).values
    below, up_to = (torch.searchsorted(ordered, scores, right=right) for right in (False, True))
    middle_rank = (below + up_to + 1).double() / 2
    num_right = relevance.sum(dim=1, dtype=torch.float64)
    num_wrong = relevance.shape[1] - num_right
    won = (middle_rank * relevance).sum(dim=1) - num_right * (num_right + 1) / 2
    share = won / (num_right * num_wrong).clamp_min(1)
    return torch.where(num_wrong > 0, share, 0.5)


def _by_rows(
    function: Callable[[Tensor, Tensor], Tensor], scores: Tensor, relevance: Tensor
) -> Tensor:
    parts = zip(torch.split(scores, _ROWS), torch.split(relevance, _ROWS), strict=True)
    return torch.cat([function(*part) for part in parts])


def chance_of_rank(relevance: Tensor) -> Tensor:
    """Share of queries that a uniformly random order answers by each rank: (N,) float64.

    Entry ``r - 1`` is the mean over queries of ``1 - C(N - R, r) / C(N, r)`` with R right ones
    among N candidates: the chance that the first r hold at least one of them. A random order has
    no ties, so this is what a model that knows nothing but breaks ties reaches.
    """
    num_queries, num_candidates = relevance.shape
    places = torch.arange(num_candidates, dtype=torch.float64)
    missed = torch.zeros(num_candidates, dtype=torch.float64)
    for own in torch.split(relevance, _ROWS):
        wrong = num_candidates - own.sum(dim=1, dtype=torch.float64)  # (Q,)
        # The i-th place misses with chance (wrong - i) / (N - i), if those before it missed.
        miss = ((wrong[:, None] - places) / (num_candidates - places)).clamp_min(0)  # (Q, N)
        missed += miss.cumprod(dim=1).sum(dim=0)
    return 1 - missed / num_queries


@dataclass(frozen=True)
class Metric:
    """A metric of some queries.

    Attributes:
        name: ``R@1``, ``R@5``, ``R@10``, ``median_rank`` or ``auc``.
        per_query: What it is made of, (Q,) float64.
        statistic: How.
        chance: What a uniformly random order is expected to reach.
        bounds: Least and greatest possible value.
    """

    name: str
    per_query: Tensor
    statistic: Statistic
    chance: float
    bounds: tuple[float, float] = (0.0, 1.0)

    @property
    def value(self) -> float:
        """The metric over all queries."""
        alike = torch.ones(1, len(self.per_query), dtype=torch.float64)
        return float(self.statistic(self.per_query, alike))


def metrics(scores: Tensor, relevance: Tensor) -> list[Metric]:
    """All metrics of a direction.

    With fewer than k candidates R@k is 1, and so is its chance.
    """
    ranks = first_ranks(scores, relevance).double()
    chance = chance_of_rank(relevance)
    num_candidates = len(chance)
    found = [
        Metric(
            f"R@{k}",
            (ranks <= k).double(),
            weighted_mean,
            float(chance[min(k, num_candidates) - 1]),
        )
        for k in RECALL_AT
    ]
    half = float((chance < 0.5 - 1e-12).sum()) + 1
    bounds = (1.0, float(num_candidates))
    found.append(Metric("median_rank", ranks, weighted_median, half, bounds))
    return [*found, Metric("auc", aucs(scores, relevance), weighted_mean, 0.5)]


def top_candidates(scores: Tensor, k: int) -> Tensor:
    """Columns of each query's ``k`` best candidates, best first: (Q, min(k, N))."""
    return scores.topk(min(k, scores.shape[1]), dim=1).indices


def reranked(scores: Tensor, candidates: Tensor, second: Tensor) -> Tensor:
    """Scores in which each query's chosen candidates come first, in order of a second score.

    The others follow in their old order.

    Args:
        scores: First scores, (Q, N).
        candidates: Columns that were scored again, (Q, K), distinct in each row.
        second: Their second scores, (Q, K).

    Returns:
        (Q, N), comparable within a row only.
    """
    lifted = scores.double() - scores.double().amax(dim=1, keepdim=True)  # at most 0
    second = second.double() - second.double().amin(dim=1, keepdim=True) + 1  # at least 1
    return lifted.scatter(1, candidates, second)
