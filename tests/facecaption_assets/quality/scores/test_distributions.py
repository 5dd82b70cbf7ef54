import duckdb
import numpy as np
import pyarrow as pa
import pytest

from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.scores.distributions import (
    PUBLISHED_THRESHOLDS,
    TOP_PERCENT,
    ScoreDistribution,
    models_of_scores,
    score_distributions,
)
from facecaption_assets.schema import IMAGE_TEXT_SCORES


def distributions(table: pa.Table) -> list[ScoreDistribution]:
    with duckdb.connect() as connection:
        connection.register("image_text_scores", table)
        return score_distributions(connection)


def row(index: int, source: str, **more: object) -> dict[str, object]:
    return {
        **{"face_id": f"k-{index}", "key": "k", "split_group": "k", "caption_source": source},
        **{"caption_index": 0, "status": "scored", **more},
    }


def test_distribution_is_that_of_numpy_per_source() -> None:
    values = np.random.default_rng(3).normal(0.25, 0.05, 500).astype(np.float32)
    rows = [
        row(i, "llm", crop_cosine=float(v), cosine_truncated=i < 7, cosine_model="l")
        for i, v in enumerate(values)
    ]
    rows += [row(0, "template", crop_clip_s=0.7, clip_s_truncated=True, clip_s_model="b")]
    template, llm = distributions(IMAGE_TEXT_SCORES.from_rows(rows))
    assert (template.source, template.score, template.mean) == (
        *("template", "crop_clip_s"),
        pytest.approx(0.7),
    )
    assert (template.captions, template.truncated, template.histogram) == (1, 1, {0.69: 1})
    assert (llm.source, llm.captions, llm.truncated) == ("llm", 500, 7)
    assert llm.mean == pytest.approx(values.mean(dtype=float))
    assert llm.deviation == pytest.approx(values.std(dtype=float))
    for percent in TOP_PERCENT:
        expected = np.quantile(values.astype(float), 1 - percent / 100)
        assert llm.thresholds[percent] == pytest.approx(expected)
    assert sum(llm.histogram.values()) == 500
    counted = np.histogram(values.astype(float), [0.2, 0.21])[0][0]
    assert llm.histogram[0.2] == counted


def test_rows_without_scores_have_no_distribution() -> None:
    assert distributions(IMAGE_TEXT_SCORES.from_rows([row(0, "llm", status="opted_out")])) == []


def test_published_thresholds_are_of_the_same_shares_and_of_sources_that_there_are() -> None:
    for source, thresholds in PUBLISHED_THRESHOLDS.items():
        assert source in ("alt_text", "synthetic")
        assert len(thresholds) == len(TOP_PERCENT)
        assert sorted(thresholds, reverse=True) == list(thresholds)


def test_whole_dataset_is_read_from_its_tables(build_home) -> None:
    with open_tables(build_home()) as connection:
        found = score_distributions(connection)
        assert models_of_scores(connection) == ["a/base", "a/large"]
    assert {d.source for d in found} == {"alt_text", "template", "llm", "synthetic"}
    assert len(found) == 4 * 5
