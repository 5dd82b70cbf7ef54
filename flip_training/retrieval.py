"""Retrieval metrics as functions of score and relevance matrices.

Rows are queries, columns candidates; scores are better when higher. A relevance matrix says which
candidates are right, so that several captions of a picture, and equal captions of several pictures,
need no special case. Computing the scores belongs to ``evaluate``.

Ties count against the query: a model that scores everything alike reaches the worst rank, not the
best.
"""

from typing import Final

import torch
from torch import Tensor

#: The field's cut-offs.
RECALL_AT: Final = (1, 5, 10)


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
    best = scores.masked_fill(~relevance, -torch.inf).amax(dim=1, keepdim=True)
    return 1 + ((scores >= best) & ~relevance).sum(dim=1)


def recall_at(ranks: Tensor, k: int) -> float:
    """Share of queries whose best right candidate is among the first ``k``."""
    return float((ranks <= k).double().mean())


def median_rank(ranks: Tensor) -> float:
    """The smallest rank that at least half of the queries reach."""
    return float(ranks.sort().values[(len(ranks) - 1) // 2])


def chance_of_rank(relevance: Tensor) -> Tensor:
    """Share of queries that a uniformly random order answers by each rank: (N,) float64.

    Entry ``r - 1`` is the mean over queries of ``1 - C(N - R, r) / C(N, r)`` with R right ones
    among N candidates: the chance that the first r hold at least one of them. A random order has
    no ties, so this is what a model that knows nothing but breaks ties reaches.
    """
    num_candidates = relevance.shape[1]
    wrong = num_candidates - relevance.sum(dim=1, dtype=torch.float64)  # (Q,)
    places = torch.arange(num_candidates, dtype=torch.float64)
    # The i-th place misses with chance (wrong - i) / (N - i), given that those before it missed.
    miss = ((wrong[:, None] - places) / (num_candidates - places)).clamp_min(0)  # (Q, N)
    return 1 - miss.cumprod(dim=1).mean(dim=0)


def metrics(scores: Tensor, relevance: Tensor) -> dict[str, tuple[float, float]]:
    """``R@1``, ``R@5``, ``R@10`` and ``median_rank``, each with what chance would reach.

    With fewer than k candidates R@k is 1, and so is its chance.
    """
    ranks = first_ranks(scores, relevance)
    chance = chance_of_rank(relevance)
    found = {
        f"R@{k}": (recall_at(ranks, k), float(chance[min(k, len(chance)) - 1])) for k in RECALL_AT
    }
    half = int((chance < 0.5 - 1e-12).sum()) + 1
    return found | {"median_rank": (median_rank(ranks), float(half))}


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
