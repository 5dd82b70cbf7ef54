from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from facecaption_assets.provenance import Provenance
from facecaption_assets.quality.sharpness_drift import (
    Sharpness,
    sharpness_drift,
    sharpness_fits,
    sharpness_of,
)
from facecaption_assets.schema import FACE_CROPS
from facecaption_assets.storage import Storage


def crops(shard: str, sharpness: list[float | None], status: str = "kept") -> pa.Table:
    rows: list[dict[str, Any]] = [
        {
            "face_id": f"{shard}-{index:05d}-0",
            "key": f"{shard}-{index:05d}",
            "split_group": f"{shard}-{index:05d}",
            "status": status,
            "sharpness": value,
        }
        for index, value in enumerate(sharpness)
    ]
    return FACE_CROPS.from_rows(rows)


def test_means_and_spread_are_of_the_logarithms_of_kept_faces_that_were_looked_at() -> None:
    found = sharpness_of(
        [crops("a-00000", [99.0, None, 399.0]), crops("a-00001", [7.0], "dropped")]
    )
    logs = np.log([100, 400])
    assert found.groups == 2
    assert found.mean == pytest.approx(logs.mean())
    assert found.deviation == pytest.approx(logs.std(ddof=1))
    assert sharpness_of([]) == Sharpness(0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("mean", "near", "not_blurred"),
    [
        (6.0, True, True),
        (5.5, True, True),
        (5.0, False, True),
        (3.5, False, False),
        (7.0, False, True),
        (9.0, False, True),
    ],
)
def test_both_ways_warn_and_only_blur_blocks(mean: float, near: bool, not_blurred: bool) -> None:
    shard, others = Sharpness(500, mean, 1.0), Sharpness(5000, 6.0, 1.0)
    assert sharpness_fits(shard, others, 0.8).passed is near
    assert sharpness_fits(shard, others, 2.0, may_be_sharper=True).passed is not_blurred


def test_the_message_names_the_difference_and_what_is_typical() -> None:
    outcome = sharpness_fits(Sharpness(500, 4.0, 1.0), Sharpness(5000, 6.0, 1.0), 0.8)
    assert outcome.reason == (
        "Faces are less sharp than in other shards by d = 2.00, where up to 0.80 is no cause for "
        "concern: typically 54 against 402."
    )
    assert outcome.numbers["difference_d"] == -2


@pytest.mark.parametrize(("here", "elsewhere"), [(29, 1000), (1000, 29), (30, 0)])
def test_few_groups_are_not_compared(here: int, elsewhere: int) -> None:
    outcome = sharpness_fits(Sharpness(here, 0.0, 0.0), Sharpness(elsewhere, 9.0, 0.1), 0.8)
    assert outcome.passed
    assert "too few to compare" in outcome.reason


def test_chance_alone_gives_no_warning() -> None:
    random = np.random.default_rng(7)
    warned = 0
    for _ in range(300):
        logs = random.normal(6.0, 1.0, 60), random.normal(6.0, 1.0, 120)
        sides = [Sharpness(len(x), float(x.mean()), float(x.std(ddof=1))) for x in logs]
        warned += not sharpness_fits(*sides, 0.2).passed
    assert warned <= 1


def test_a_shard_is_compared_with_others_of_its_source(storage: Storage) -> None:
    random = np.random.default_rng(3)
    for index, mean in enumerate((6.0, 6.0, 2.0)):
        shard = f"mine-{index:05d}"
        values = np.exp(random.normal(mean, 0.5, 80)).tolist()
        storage.commit(crops(shard, values), Provenance("face_crops", shard, "v1"))
    storage.commit(crops("other-00000", [1.0] * 80), Provenance("face_crops", "other-00000", "v1"))
    assert not sharpness_drift(storage, "mine-00002", 2.0, may_be_sharper=True).passed
    assert sharpness_drift(storage, "other-00000", 0.8).passed
