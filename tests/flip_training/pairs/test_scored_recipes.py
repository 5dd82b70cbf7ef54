"""Recipes that rank captions, on a data root with scores, and on one without."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flip_training.freshness import first_to_build, stale_reason, why_not
from flip_training.gates import GATES
from flip_training.pairs.candidates import Barred, read_shard
from flip_training.pairs.inputs import InputUnavailable, find_inputs
from flip_training.pairs.recipes import RECIPES
from flip_training.pairs.training_sets import accounted_rows, build_training_set
from flip_training.pairs.uids import UID, sorted_uids, uid_of
from flip_training.presets import tiny
from flip_training.storage import GateFailed, PartitionMissing, Storage, Verdict

SHARDS = ("colours-00000", "colours-00001")
RAW30 = RECIPES["raw_top30"]
MIXED = RECIPES["raw_top30_synthetic_same_threshold"]


def taken(storage: Storage, name: str) -> dict[str, int]:
    sources = storage.read_table("training_sets", name)["caption_source"].to_pylist()
    return {source: sources.count(source) for source in sorted(set(sources))}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("raw", {"raw": 24}),
        ("synthetic", {"synthetic": 24}),
        # Each score occurs in both shards: 30 % of 24 are 7, and the eighth scores as much.
        ("raw_top30", {"raw": 8}),
        ("synthetic_top50", {"synthetic": 12}),
        ("raw_top30_synthetic_rest", {"raw": 8, "synthetic": 16}),
        ("raw_top30_synthetic_same_threshold", {"raw": 8}),
        ("raw_and_synthetic", {"raw+synthetic": 24}),
        (
            "raw_template_llm_synthetic",
            {"llm": 24, "raw": 24, "synthetic": 24, "template": 24},
        ),
    ],
)
def test_a_recipe_takes_what_its_name_says(storage, score, name, expected) -> None:
    score()
    done = build_training_set(storage, RECIPES[name])
    assert taken(storage, name) == expected
    stored, accounted = accounted_rows(storage, done, RECIPES[name])
    assert stored == accounted == done.counts["caption_rows"]


def test_steps_and_thresholds_are_counted(storage, score) -> None:
    score()
    counts = build_training_set(storage, MIXED).counts
    assert counts["step_1_taken"] == counts["step_1_faces"] == counts["pairs"] == 8
    assert counts["step_1_below_threshold"] == 16
    assert (counts["step_2_taken_before"], counts["step_2_below_threshold"]) == (8, 16)
    assert counts["threshold_raw_top_0.3"] == pytest.approx(0.16)
    assert (counts["faces_in_raw_top_0.3"], counts["faces_scored_raw"]) == (8, 24)
    # Two of the 26 rows of faces are of none.
    assert counts["excluded_status_dropped"] == 2


@pytest.mark.parametrize("name", ["raw", "raw_top30", "raw_and_synthetic", "template_llm"])
def test_every_gate_of_the_pairs_passes(storage, score, name) -> None:
    score()
    build_training_set(storage, RECIPES[name])
    verdicts = [g.judge(storage, name) for g in GATES if g.asset == "training_sets"]
    assert [v.check for v in verdicts if not v.passed] == []
    assert verdicts


def test_the_uids_of_the_faces_to_train_on_lie_beside_the_table(storage, score) -> None:
    score()
    build_training_set(storage, RECIPES["raw_top30"])
    rows = storage.read_table("training_sets", "raw_top30").to_pylist()
    found = np.load(storage.uids_path("raw_top30"), allow_pickle=False)
    train = {row["uid"] for row in rows if row["split"] == "train"}
    assert found.dtype == UID
    assert [f"{high:016x}{low:016x}" for high, low in found.tolist()] == sorted(train)
    assert all(row["uid"] == uid_of(str(row["face_id"])) for row in rows)


def test_a_uid_is_the_first_half_of_a_sum_and_the_list_is_sorted_without_repeats() -> None:
    assert uid_of("a") == hashlib.sha256(b"a").hexdigest()[:32]
    uids = ["f" * 32, "0" * 32, "f" * 32, "0" * 16 + "8" + "0" * 15]
    found = sorted_uids(uids)
    assert found.tolist() == [(0, 0), (0, 1 << 63), ((1 << 64) - 1, (1 << 64) - 1)]
    assert np.array_equal(np.sort(found), found)


def test_captions_without_a_score_are_counted_by_reason(storage, score, rewrite) -> None:
    score()

    def spoil(index: int, row: dict[str, object]) -> None:
        changes = [{"crop_cosine": float("nan")}, {}, {"crop_cosine": None, "status": "failed"}]
        row.update(changes[index] if index < 3 else {})
        row["face_id"] = "colours-00000-09999-0" if index == 4 else row["face_id"]

    inputs = storage.read_provenance("image_text_scores", SHARDS[0]).input_versions
    rewrite("image_text_scores", SHARDS[0], spoil, inputs)
    counts = build_training_set(storage, RAW30).counts
    reasons = {n: c for n, c in counts.items() if n.startswith("excluded_not_scored")}
    assert reasons == {
        "excluded_not_scored_failed": 1,
        "excluded_not_scored_missing": 1,
        "excluded_not_scored_not_finite": 1,
    }


def test_faces_that_are_left_out_set_no_threshold(storage, score) -> None:
    score()
    storage.opt_out_folder.mkdir()
    best = [f"{shard}-{row:05d}" for shard in SHARDS for row in (8, 9, 10, 11)]
    (storage.opt_out_folder / "list.txt").write_text("\n".join(best))
    done = build_training_set(storage, RAW30)
    assert done.counts["faces_scored_raw"] == 16
    assert done.counts["threshold_raw_top_0.3"] == pytest.approx(0.12)
    assert done.counts["excluded_opted_out"] == 8


def test_a_dataset_without_scores_is_told_what_to_build(storage, score, home) -> None:
    score()
    for shard in SHARDS:
        (home / "image_text_scores" / f"{shard}.parquet").unlink()
    with pytest.raises(PartitionMissing, match="image_text_scores of colours-00000 is not built"):
        build_training_set(storage, RAW30)
    assert build_training_set(storage, RECIPES["raw"]).rows == 24


def test_scores_without_a_model_name_the_setting(storage, score) -> None:
    score("unavailable")
    with pytest.raises(InputUnavailable, match=r"without a model; set \[scores\] cosine_model"):
        find_inputs(storage, RAW30)


def test_a_score_that_was_not_computed_is_named(storage, score) -> None:
    score()
    recipe = replace(RAW30, name="mine", score="picture_clip_s")
    with pytest.raises(InputUnavailable, match="has no picture_clip_s"):
        find_inputs(storage, recipe)


def test_captions_of_an_absent_captioner_name_the_setting(storage, score, rewrite) -> None:
    score()
    nothing = {"status": "unavailable", "caption": None}
    for shard in SHARDS:
        rewrite("synthetic_captions", shard, lambda _, row: row.update(nothing))
    with pytest.raises(InputUnavailable, match=r"set \[captioners\] model"):
        find_inputs(storage, RECIPES["synthetic"])


def test_a_source_that_came_without_alt_text_is_told(storage, score, rewrite) -> None:
    score()
    for shard in SHARDS:
        rewrite("face_crops", shard, lambda _, row: row.update(alt_text=None))
    with pytest.raises(InputUnavailable, match="colours-00000 has no alt_text"):
        find_inputs(storage, RECIPES["raw"])


def test_scores_of_older_captions_are_not_used(storage, score, rewrite) -> None:
    score()
    rewrite("synthetic_captions", SHARDS[0], lambda _, row: row.update(caption="another"))
    left_out = find_inputs(storage, RECIPES["synthetic_top50"]).left_out
    assert "is of an older synthetic_captions" in left_out[SHARDS[0]]
    assert find_inputs(storage, RAW30).left_out == {}


def test_a_recipe_is_stale_for_what_it_reads_only(storage, score, rewrite) -> None:
    score()
    for name in ("llm", "raw_top30"):
        build_training_set(storage, RECIPES[name])
    inputs = storage.read_provenance("image_text_scores", SHARDS[0]).input_versions
    rewrite("image_text_scores", SHARDS[0], lambda _, row: row.update(crop_cosine=0.5), inputs)
    stale = {
        name: "inputs" in (stale_reason(storage, "training_sets", RECIPES[name], tiny()) or "")
        for name in ("llm", "raw_top30")
    }
    assert stale == {"llm": False, "raw_top30": True}


def test_what_cannot_be_built_is_asked_for_and_told(storage) -> None:
    assert why_not(storage, RECIPES["llm"]) == ""
    assert "cannot be built: face_crops of colours-00000 has no alt_text" in why_not(storage, RAW30)
    with pytest.raises(PartitionMissing):
        first_to_build(storage, RAW30, tiny())


def test_failed_scores_are_not_trusted(storage, score) -> None:
    score()
    for shard in SHARDS:
        version = storage.read_provenance("image_text_scores", shard).data_version
        failed = Verdict("scores_agree", False, True, "swapped", version)
        storage.record_verdict("image_text_scores", shard, failed)
    with pytest.raises(GateFailed, match="scores_agree: swapped"):
        build_training_set(storage, RAW30)


def test_groups_that_share_a_picture_are_split_as_one(
    storage: Storage, rewrite: Callable[..., None], home: Path
) -> None:
    def share(index: int, row: dict[str, object]) -> None:
        if index == 0:
            row["sha256"] = "ab" * 32

    for shard in SHARDS:
        rewrite("raw_shards", shard, share)
    build_training_set(storage, RECIPES["llm"])
    rows = storage.read_table("training_sets", "llm").to_pylist()
    groups = {r["shard"]: r["split_group"] for r in rows if str(r["key"]).endswith("-00000")}
    assert set(groups.values()) == {"colours-00000-person-0"}
    assert len({row["split_group"] for row in rows}) == 7


def test_a_shared_picture_in_two_splits_fails_its_gate(
    storage: Storage, rewrite: Callable[..., None]
) -> None:
    build_training_set(storage, RECIPES["llm"])
    rows = storage.read_table("training_sets", "llm").to_pylist()
    ends = [next(str(r["key"]) for r in rows if r["split"] == s) for s in ("train", "test")]
    for shard in SHARDS:
        rewrite(
            "raw_shards",
            shard,
            lambda _, row: row.update(sha256="ab" * 32) if row["key"] in ends else None,
        )
    (gate,) = (g for g in GATES if g.name == "pictures_disjoint")
    verdict = gate.judge(storage, "llm")
    assert verdict.blocking and not verdict.passed
    assert f"1 pictures are in several splits: ['{'ab' * 32}']" in verdict.reason


def test_a_killed_build_leaves_no_work_behind_for_long(storage, home) -> None:
    left = home / "training_sets" / ".llm.selection"
    left.mkdir(parents=True)
    (left / "spill").write_bytes(b"of a killed process")
    build_training_set(storage, RECIPES["llm"])
    assert not left.exists()


def test_a_shard_offers_what_is_usable(storage, score) -> None:
    score()
    offered = read_shard(storage, SHARDS[0], RAW30, Barred.read(storage))
    assert (offered.num_rows, offered.captions.num_rows, offered.scores.num_rows) == (13, 12, 12)
