import math
from typing import Any

import pyarrow as pa
import pytest

from facecaption_assets.quality.statistics import (
    counts_match,
    shard_statistics,
    stage_identity,
    statistics_are_numbers,
)
from facecaption_assets.schema import SHARD_QUALITY, TABLES

Tables = dict[str, pa.Table]


def values(statistics: pa.Table) -> dict[tuple[str, str, str], float]:
    return {(r["stage"], r["metric"], r["label"]): r["value"] for r in statistics.to_pylist()}


@pytest.mark.parametrize(
    ("statistic", "value"),
    [
        (("shard_plan", "rows", ""), 16),
        (("raw_shards", "status", "missing"), 2),
        (("raw_shards", "mean_original_width", ""), 400),
        (("face_crops", "drop_reason", "too_small"), 2),
        (("face_crops", "drop_reason", "no_face"), 2),
        (("face_crops", "mean_width", ""), 192),
        (("face_crops", "median_width", ""), 192),
        (("image_scores", "status", "scored"), 12),
        (("image_scores", "p05_brisque", ""), -20),
        (("image_scores", "median_brisque", ""), 10),
        (("face_attributes", "status", "too_few_labels"), 2),
        (("face_attributes", "positive", "Brown_Hair"), 12),
        (("face_attributes", "negative", "Eyeglasses"), 10),
        (("face_attributes", "unknown", "Goatee"), 12),
        (("template_captions", "captions", ""), 10),
        (("template_captions", "distinct_captions", ""), 2),
        (("template_captions", "repeated_captions", ""), 10),
        (("template_captions", "mean_sentences", ""), 1),
        (("template_captions", "mean_words", ""), 5),
        (("template_captions", "distinct_4grams", ""), 4),
        (("synthetic_captions", "status", "captioned"), 12),
        (("synthetic_captions", "rejection_reason", "number_or_age"), 4),
        (("synthetic_captions", "captions", ""), 12),
        (("llm_captions", "rejection_reason", "missing_attribute"), 4),
        (("llm_captions", "status", "repaired"), 2),
        (("llm_captions", "acceptance_share", ""), 0.6),
        (("llm_captions", "unchanged_rewrites", ""), 0),
        (("llm_captions", "total_completion_tokens", ""), 200),
    ],
)
def test_statistics_of_a_shard(
    statistic: tuple[str, str, str], value: float, tables: Tables
) -> None:
    assert values(shard_statistics(tables))[statistic] == pytest.approx(value)


def test_statistics_are_told_apart_by_stage_metric_and_label(tables: Tables) -> None:
    statistics = shard_statistics(tables)
    assert statistics.schema == SHARD_QUALITY.arrow
    assert len(values(statistics)) == statistics.num_rows


def test_the_same_tables_give_the_same_statistics(tables: Tables) -> None:
    assert shard_statistics(tables).equals(shard_statistics(tables))
    assert stage_identity() == stage_identity()


def test_an_average_over_nothing_is_left_out() -> None:
    empty = {name: table.arrow.empty_table() for name, table in TABLES.items()}
    metrics = {metric for _, metric, _ in values(shard_statistics(empty))}
    assert "rows" in metrics
    assert not {m for m in metrics if m.startswith("mean_") or m == "acceptance_share"}


def test_counts_match_the_tables(tables: Tables) -> None:
    rows = {asset: table.num_rows for asset, table in tables.items()}
    statistics = shard_statistics(tables)
    assert counts_match(statistics, rows).passed
    outcome = counts_match(statistics, rows | {"face_crops": 99})
    assert not outcome.passed
    assert outcome.reason == "face_crops has 99 rows, 16 are counted."


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0])
def test_statistics_that_are_no_numbers_are_named(value: float, tables: Tables) -> None:
    assert statistics_are_numbers(shard_statistics(tables)).passed
    row: dict[str, Any] = {"stage": "face_crops", "metric": "mean", "label": "", "value": value}
    outcome = statistics_are_numbers(SHARD_QUALITY.from_rows([row]))
    assert not outcome.passed
    assert "face_crops mean" in outcome.reason
