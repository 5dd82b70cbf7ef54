"""Score matrices to rows of ``flip_retrieval``: metrics, chance and 95 % intervals.

The scores come from ``gallery``; which model and which split they are of is added by ``evaluate``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from flip_training.intervals import Bootstrap, weighted_mean
from flip_training.retrieval import Metric, metrics

Row = dict[str, object]


@dataclass(frozen=True)
class Direction:
    """Queries of one direction: pictures that ask for captions, or captions for pictures.

    Attributes:
        name: ``image_to_text`` or ``text_to_image``.
        scores: (Q, N).
        relevance: (Q, N) bool.
        pictures: Which pictures are each query's own, (Q, I) bool.
        num_reranked: Candidates per query that matching ordered.
    """

    name: str
    scores: Tensor
    relevance: Tensor
    pictures: Tensor
    num_reranked: int = 0


def directions(
    i2t: Tensor, t2i: Tensor, relevance: Tensor, rerank: int = 0
) -> tuple[Direction, Direction]:
    """Both directions of a gallery.

    Args:
        i2t: Pictures against captions, (I, C).
        t2i: Captions against pictures, (C, I).
        relevance: Which picture bears which caption, (I, C) bool.
        rerank: Candidates per query that matching has ordered, at most.
    """
    num_pictures, num_captions = relevance.shape
    itself = torch.eye(num_pictures, dtype=torch.bool)
    return (
        Direction("image_to_text", i2t, relevance, itself, min(rerank, num_captions)),
        Direction("text_to_image", t2i, relevance.T, relevance.T, min(rerank, num_pictures)),
    )


def metric_rows(both: Sequence[Direction], bootstrap: Bootstrap) -> list[Row]:
    """All metrics of each direction, and the AUC of both: the mean of the two."""
    rows: list[Row] = []
    sizes: list[dict[str, int]] = []
    aucs: list[Metric] = []
    weights: list[Tensor] = []
    for one in both:
        size = {
            "num_queries": one.scores.shape[0],
            "num_candidates": one.scores.shape[1],
            "num_reranked": one.num_reranked,
        }
        drawn = bootstrap.weights(one.pictures)
        found = metrics(one.scores, one.relevance)
        rows += [{"direction": one.name, **size, **_row(m, drawn, bootstrap)} for m in found]
        sizes.append(size)
        aucs += [metric for metric in found if metric.name == "auc"]
        weights.append(drawn / drawn.sum(dim=1, keepdim=True))
    total = {name: sum(size[name] for size in sizes) for name in sizes[0]}
    values = torch.cat([metric.per_query for metric in aucs])
    measured = _row(Metric("auc", values, weighted_mean, 0.5), torch.cat(weights, 1), bootstrap)
    value = sum(metric.value for metric in aucs) / len(aucs)
    return [*rows, {"direction": "both", **total, **measured, "value": value}]


def _row(metric: Metric, weights: Tensor, bootstrap: Bootstrap) -> Row:
    low, high = bootstrap.interval(metric.per_query, weights, metric.statistic, metric.bounds)
    return {
        "metric": metric.name,
        "value": metric.value,
        "value_low": low,
        "value_high": high,
        "chance": metric.chance,
        "interval_over": bootstrap.over,
        "num_groups": bootstrap.num_groups,
    }
