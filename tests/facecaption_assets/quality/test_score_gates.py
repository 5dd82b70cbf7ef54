"""The checks on scores, with planted faults: swapped captions, missing and stray scores."""

import numpy as np
import pyarrow as pa
import pytest

from facecaption_assets.provenance import Provenance, Verdict
from facecaption_assets.quality.score_gates import (
    ASSET,
    captions_fit_faces,
    other_levels,
    scores_agree,
    scores_complete,
    shard_levels,
)
from facecaption_assets.schema import IMAGE_TEXT_SCORES
from facecaption_assets.storage import Storage

FACES = 400


def scores(
    fitting: float, *, stranger: float = 0.20, seed: int = 0, faces: int = FACES, groups: int = 400
) -> pa.Table:
    """Faces whose captions' cosines scatter by 0.025 around ``fitting``, strangers' too."""
    random = np.random.default_rng(seed)
    own, other = (random.normal(mean, 0.025, faces) for mean in (fitting, stranger))
    return IMAGE_TEXT_SCORES.from_rows(
        [
            {
                **{"face_id": f"k-{index}", "key": "k", "split_group": f"g{index % groups}"},
                **{"caption_source": "template", "caption_index": 0, "status": "scored"},
                **{"crop_cosine": a, "picture_cosine": a - 0.02, "stranger_cosine": b},
                **{"cosine_truncated": False, "cosine_model": "large"},
            }
            for index, (a, b) in enumerate(zip(own, other, strict=True))
        ]
    )


def commit(storage: Storage, shard: str, table: pa.Table, code: str = "v1") -> Provenance:
    return storage.commit(table, Provenance(ASSET, shard, code))


@pytest.fixture
def home(storage: Storage) -> Storage:
    """Three shards of which the last one's captions were swapped between its faces."""
    for index, fitting in enumerate([0.235, 0.237, 0.20]):
        commit(storage, f"mine-{index:05d}", scores(fitting, seed=index))
    return storage


def judge(storage: Storage, shard: str, max_drop: float = 0.5):
    return scores_agree(shard_levels(storage, shard), other_levels(storage, shard), max_drop)


def test_shard_with_swapped_captions_scores_far_below_the_others(home) -> None:
    outcome = judge(home, "mine-00002")
    assert not outcome.passed
    assert outcome.reason.startswith(
        "2 of 2 scores are lower than in other shards by d > 0.5: crop_cosine of template 0."
    )
    assert outcome.numbers["largest_drop"] > 1


def test_shards_that_score_alike_or_higher_agree(home) -> None:
    commit(home, "mine-00002", scores(0.236, seed=9))
    assert judge(home, "mine-00000").passed
    commit(home, "mine-00002", scores(0.30, seed=9))
    assert judge(home, "mine-00002").passed


def test_limit_is_the_setting(home) -> None:
    assert judge(home, "mine-00002", 3.0).passed


def test_shard_is_compared_with_its_own_source_code_and_what_is_not_held_back(home) -> None:
    commit(home, "other-00000", scores(0.9))
    commit(home, "mine-00003", scores(0.9), code="v0")
    held_back = commit(home, "mine-00004", scores(0.9))
    verdict = Verdict("scores_agree", False, True, "bad", held_back.data_version)
    home.record_verdict(ASSET, "mine-00004", verdict)
    assert judge(home, "mine-00000").passed
    assert other_levels(home, "other-00000")["template", "crop_cosine"].groups == 0


def test_few_groups_are_not_compared_however_many_captions_they_have(home) -> None:
    commit(home, "mine-00002", scores(0.1, groups=199))
    outcome = judge(home, "mine-00002")
    assert outcome.passed
    assert outcome.reason == "No source has 200 groups of pictures here and elsewhere."


def test_captions_fit_their_own_faces() -> None:
    outcome = captions_fit_faces(scores(0.235))
    assert outcome.passed
    assert outcome.numbers["gain_template"] == pytest.approx(0.035, abs=0.005)


@pytest.mark.parametrize("fitting", [0.20, 0.15])
def test_swapped_captions_fit_no_better_than_strangers(fitting: float) -> None:
    outcome = captions_fit_faces(scores(fitting))
    assert not outcome.passed
    assert outcome.reason.endswith("that is no better than chance for template.")


def test_few_faces_tell_nothing_of_fit() -> None:
    assert captions_fit_faces(scores(0.1, faces=199)).passed
    assert captions_fit_faces(IMAGE_TEXT_SCORES.arrow.empty_table()).passed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"crop_cosine": None}, "0 are scored by no model; 1 scores are absent"),
        ({"crop_clip_s": 0.5}, "0 are scored by no model; 1 scores are absent"),
        ({"status": "failed_to_decode"}, "0 are scored by no model; 2 scores are absent"),
        (
            {"cosine_model": None, "crop_cosine": None, "picture_cosine": None},
            "1 are scored by no model; 0 scores",
        ),
    ],
)
def test_scores_that_are_absent_or_stray_are_told(change: dict[str, object], said: str) -> None:
    rows = scores(0.2, faces=3).to_pylist()
    assert scores_complete(IMAGE_TEXT_SCORES.from_rows(rows)).passed
    outcome = scores_complete(IMAGE_TEXT_SCORES.from_rows([rows[0] | change, *rows[1:]]))
    assert not outcome.passed
    assert said in outcome.reason
