"""How scores are distributed, per caption source, over the whole dataset: values for the report.

How they are drawn belongs to the report; which captions a recipe takes by them to the training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import duckdb

from facecaption_assets.quality.scores.texts import SOURCES

#: Columns of image_text_scores that are scores, and the column that says what was cut off.
_SCORES: Final[Mapping[str, str]] = {
    "crop_cosine": "cosine_truncated",
    "picture_cosine": "cosine_truncated",
    "stranger_cosine": "cosine_truncated",
    "crop_clip_s": "clip_s_truncated",
    "picture_clip_s": "clip_s_truncated",
}

#: Shares of the best captions whose thresholds are told, percent: those of the paper below.
TOP_PERCENT: Final = (10, 20, 30, 50, 75, 90)

#: Width of a histogram's bin; CLIP-S spans more.
BIN_WIDTH: Final = 0.01

#: Cosine of ViT-L/14 that the best 10, 20, 30, 50, 75 and 90 % of DataComp's medium pool reach,
#: whole pictures and their web texts, or BLIP-2's captions.
#: Source: Nguyen et al. 2023 (https://arxiv.org/abs/2307.10350).
PUBLISHED_THRESHOLDS: Final[Mapping[str, tuple[float, ...]]] = {
    "alt_text": (0.295, 0.266, 0.243, 0.203, 0.160, 0.129),
    "synthetic": (0.315, 0.292, 0.277, 0.251, 0.217, 0.187),
}


@dataclass(frozen=True)
class ScoreDistribution:
    """One score of the captions of one source.

    Attributes:
        source: ``alt_text``, ``template``, ``llm`` or ``synthetic``.
        score: Column of image_text_scores.
        captions: Captions that have the score.
        truncated: Those of which the model saw the beginning only.
        mean: Their mean score.
        deviation: Standard deviation of them all.
        thresholds: Lowest score of the best captions, by their share in percent.
        histogram: Captions by the lower end of their bin, ``BIN_WIDTH`` wide.
    """

    source: str
    score: str
    captions: int
    truncated: int
    mean: float
    deviation: float
    thresholds: dict[int, float]
    histogram: dict[float, int]


def score_distributions(connection: duckdb.DuckDBPyConnection) -> list[ScoreDistribution]:
    """Distributions of every source and score that there are, in the order of the report.

    Args:
        connection: With a view ``image_text_scores``, such as ``dataset.open_tables`` makes.
    """
    found = [
        _distribution(connection, source, score, truncated)
        for source in SOURCES
        for score, truncated in _SCORES.items()
    ]
    return [distribution for distribution in found if distribution is not None]


def models_of_scores(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Models that any row was scored by; scores of different ones must not be compared."""
    rows = connection.execute(
        "SELECT DISTINCT unnest([cosine_model, clip_s_model]) AS model FROM image_text_scores "
        "ORDER BY model"
    ).fetchall()
    return [model for (model,) in rows if model is not None]


def _distribution(
    connection: duckdb.DuckDBPyConnection, source: str, score: str, truncated: str
) -> ScoreDistribution | None:
    scored = f"FROM image_text_scores WHERE caption_source = $source AND {score} IS NOT NULL"
    given: dict[str, Any] = {"source": source}
    quantiles = [1 - percent / 100 for percent in TOP_PERCENT]
    captions, cut, mean, deviation, thresholds = connection.execute(
        f"SELECT count(*), count(*) FILTER ({truncated}), avg({score}), stddev_pop({score}), "
        f"quantile_cont({score}, {quantiles}) {scored}",
        given,
    ).fetchall()[0]
    if not captions:
        return None
    bins = connection.execute(
        f"SELECT floor({score}::DOUBLE / {BIN_WIDTH})::INTEGER AS bin, count(*) {scored} "
        "GROUP BY bin ORDER BY bin",
        given,
    ).fetchall()
    return ScoreDistribution(
        source=source,
        score=score,
        captions=captions,
        truncated=cut,
        mean=mean,
        deviation=deviation,
        thresholds=dict(zip(TOP_PERCENT, thresholds, strict=True)),
        histogram={round(index * BIN_WIDTH, 4): count for index, count in bins},
    )
