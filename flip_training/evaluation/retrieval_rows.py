"""Score matrices to rows of ``flip_retrieval``: metrics, chance and 95 % intervals.

The scores come from ``gallery``; which model and which split they are of is added by ``evaluate``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from flip_training.evaluation.intervals import Bootstrap, weighted_mean
from flip_training.evaluation.retrieval import Metric, metrics

Row = dict[str, object]


@dataclass(frozen=True)
class Measured:
    """What was measured of the queries of one direction.

    Attributes:
        direction: ``image_to_text``: pictures ask for captions; or ``text_to_image``.
        metrics: The metrics.
        pictures: Which pictures are each query's own, (Q, I) bool.
        num_candidates: Candidates per query.
        num_reranked: How many of them matching ordered.
    """

    direction: str
    metrics: tuple[Metric, ...]
    pictures: Tensor
    num_candidates: int
    num_reranked: int


def measure(i2t: Tensor, t2i: Tensor, relevance: Tensor, rerank: int = 0) -> list[Measured]:
    """Both directions of a gallery.

    Args:
        i2t: Scores of pictures against captions, (I, C).
        t2i: Scores of captions against pictures, (C, I).
        relevance: Which picture bears which caption, (I, C) bool.
        rerank: Most candidates per query that matching has ordered.
    """
    num_pictures, num_captions = relevance.shape
    itself = torch.eye(num_pictures, dtype=torch.bool)
    found = []
    for direction, scores, right, own, size in (
        ("image_to_text", i2t, relevance, itself, num_captions),
        ("text_to_image", t2i, relevance.T, relevance.T, num_pictures),
    ):
        measured = tuple(metrics(scores, right))
        found.append(Measured(direction, measured, own, size, min(rerank, size)))
    return found


def pooled(parts: Sequence[Measured]) -> Measured:
    """Queries of one direction from several galleries; their means only, so no median rank."""
    pictures = [part.pictures.float() for part in parts]
    merged = []
    for same in zip(*(part.metrics for part in parts), strict=True):
        if same[0].statistic is weighted_mean:
            values = torch.cat([metric.per_query for metric in same])
            chances = torch.cat([torch.full_like(m.per_query, m.chance) for m in same])
            chance = float(chances.mean())
            merged.append(replace(same[0], per_query=values, chance=chance))
    return Measured(
        parts[0].direction,
        tuple(merged),
        torch.block_diag(*pictures) > 0,  # type: ignore[no-untyped-call]
        max(part.num_candidates for part in parts),
        max(part.num_reranked for part in parts),
    )


def metric_rows(both: Sequence[Measured], bootstrap: Bootstrap) -> list[Row]:
    """All metrics of each direction, and the AUC of both: the mean of the two."""
    rows: list[Row] = []
    sizes: list[dict[str, int]] = []
    aucs: list[Metric] = []
    weights: list[Tensor] = []
    for one in both:
        drawn = bootstrap.weights(one.pictures)
        sizes.append(
            {
                "num_queries": len(one.pictures),
                "num_candidates": one.num_candidates,
                "num_reranked": one.num_reranked,
            }
        )
        place = {"direction": one.direction, **sizes[-1]}
        rows += [{**place, **_row(metric, drawn, bootstrap)} for metric in one.metrics]
        aucs += [metric for metric in one.metrics if metric.name == "auc"]
        weights.append(drawn / drawn.sum(dim=1, keepdim=True))
    total = {name: sum(size[name] for size in sizes) for name in sizes[0]}
    values = torch.cat([metric.per_query for metric in aucs])
    measured = _row(replace(aucs[0], per_query=values), torch.cat(weights, dim=1), bootstrap)
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
