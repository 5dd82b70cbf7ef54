"""Shards of blurred pictures are held back, shards unlike the others are told."""

import numpy as np
import pyarrow as pa
import pytest

from facecaption_assets.provenance import Provenance, Verdict
from facecaption_assets.quality.image_scoring.brisque import Brisque
from facecaption_assets.quality.image_scoring.gates import (
    Spread,
    brisque_fits,
    brisque_spread,
    clip_available,
    crops_scored,
    median_brisque_low,
    other_brisque_spread,
)
from facecaption_assets.quality.image_scoring.settings import ImageScoreSettings

LIMIT = ImageScoreSettings().max_median_brisque


def test_a_shard_of_distorted_portraits_is_caught_and_one_of_good_ones_is_not(
    store, portraits, distortion, scores
) -> None:
    name, distort = distortion
    brisque = Brisque(store)
    table = scores([brisque.score(distort(pixels)) for pixels in portraits.values()])
    outcome = median_brisque_low(table, LIMIT)
    assert outcome.passed is (name == "as_is"), outcome.reason


def test_the_verdict_is_about_half_of_the_faces(scores) -> None:
    assert median_brisque_low(scores([90.0, 10.0, 12.0, None]), LIMIT).passed
    outcome = median_brisque_low(scores([90.0, 80.0, 12.0]), LIMIT)
    assert not outcome.passed
    assert outcome.reason == (
        "The median BRISQUE of 3 faces is 80.0; max_median_brisque is 65: blurred, noisy or "
        "damaged."
    )


def test_a_shard_without_scores_is_not_judged(scores) -> None:
    assert median_brisque_low(scores([None]), LIMIT).passed
    assert median_brisque_low(scores([]), LIMIT).passed


def test_spread_counts_faces_and_groups_that_have_a_score(scores) -> None:
    spread = brisque_spread([scores([1.0, 3.0, None], split_group="one"), scores([5.0])])
    assert spread == Spread(3, 2, 3.0, pytest.approx(np.std([1, 3, 5])))
    assert brisque_spread([]) == Spread(0, 0, 0.0, 0.0)


def spread(mean: float, groups: int = 1000) -> Spread:
    return Spread(groups, groups, mean, 10.0)


@pytest.mark.parametrize(
    ("here", "passed"),
    [
        (spread(12), True),
        (spread(16), True),
        (spread(18), False),
        (spread(6), False),
        # 0.8 standard deviations are four standard errors of 50 groups, about.
        (spread(16, 50), True),
        (spread(30, 50), False),
        (spread(90, 29), True),
    ],
)
def test_a_mean_unlike_that_of_other_shards_is_told(here: Spread, passed: bool) -> None:
    assert brisque_fits(here, spread(12), 0.5).passed is passed


def test_shards_drawn_from_one_distribution_are_hardly_ever_told(scores) -> None:
    random = np.random.default_rng(1)

    def drawn() -> Spread:
        return brisque_spread([scores(random.normal(12, 10, 40).tolist())])

    assert all(brisque_fits(drawn(), drawn(), 0.5).passed for _ in range(50))


def test_a_blurred_shard_is_unlike_the_others_of_its_source(storage, scores) -> None:
    for shard, mean, version in (
        ("s-00000", 12.0, "v1"),
        ("s-00001", 14.0, "v1"),
        ("s-00002", 60.0, "v1"),
        ("s-00003", 60.0, "v0"),
        ("s-00004", 60.0, "v1"),
        ("other-00000", 60.0, "v1"),
    ):
        values = (mean + np.linspace(-15, 15, 40)).tolist()
        storage.commit(scores(values), Provenance("image_scores", shard, version))
    version = storage.require_built("image_scores", "s-00004").data_version
    failed = Verdict("median_brisque_low", False, True, "high", version)
    storage.record_verdict("image_scores", "s-00004", failed)
    others = other_brisque_spread(storage, "s-00002")
    # Neither another source's, nor another version's, nor one that is held back.
    assert (others.faces, others.mean) == (80, pytest.approx(13.0))
    here = brisque_spread([storage.read_table("image_scores", "s-00002")])
    outcome = brisque_fits(here, others, 0.5)
    assert not outcome.passed
    assert outcome.reason.startswith("The mean BRISQUE is 60.0 here and 13.0 in other shards")


def test_a_scorer_that_mostly_fails_is_at_fault_and_unsampled_faces_are_not_counted(scores) -> None:
    failed = scores([None] * 2, status="failed_to_score", error_message="BRISQUE: one tone")
    unsampled = scores([None] * 9, status="not_sampled")
    assert not crops_scored(pa.concat_tables([failed, unsampled, scores([1.0])])).passed
    assert crops_scored(pa.concat_tables([failed, unsampled, scores([1.0, 2.0])])).passed


def test_a_clip_that_is_off_is_told_with_its_setting(scores) -> None:
    outcome = clip_available(scores([1.0, 2.0]))
    assert not outcome.passed
    assert outcome.reason == (
        "Off: ImageScoreSettings.clip_model is empty; 2 faces have no CLIP-IQA."
    )
    assert clip_available(scores([1.0], clip_iqa=0.5)).passed
    assert clip_available(scores([None], status="opted_out")).passed
