"""What counts as missing, stale, failed or done, and what is built again."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from flip_training.config import Preset
from flip_training.freshness import (
    CHAIN,
    failed_checks,
    first_to_build,
    is_current,
    states,
    status_rows,
)
from flip_training.pairs.recipes import RECIPES
from flip_training.pairs.training_sets import build_training_set
from flip_training.storage import PartitionMissing, Storage

LLM = RECIPES["llm"]


def test_what_is_built_and_checked_is_up_to_date(built: Storage, micro: Preset) -> None:
    assert first_to_build(built, LLM, micro) is None
    assert {state for _, recipe, state, _ in states(built, micro) if recipe == "llm"} == {"done"}


def opt_out(storage: Storage, *lines: str) -> None:
    storage.opt_out_folder.mkdir()
    (storage.opt_out_folder / "list.txt").write_text("\n".join(lines))


def test_unbuilt_recipes_are_missing(storage: Storage, micro: Preset) -> None:
    assert first_to_build(storage, LLM, micro) == ("training_sets", "missing")
    assert {state for _, _, state, _ in states(storage, micro)} == {"missing"}


def test_a_dataset_without_captions_cannot_be_built(tmp_path: Path, micro: Preset) -> None:
    with pytest.raises(PartitionMissing, match="no shard of llm_captions"):
        first_to_build(Storage(tmp_path), LLM, micro)


def test_a_new_shard_makes_the_pairs_stale(
    built: Storage, micro: Preset, plant: Callable[..., None]
) -> None:
    plant(built.home, "colours-00002", 2, 2)
    assert first_to_build(built, LLM, micro) == ("training_sets", "inputs have changed")


def test_a_new_opt_out_makes_the_pairs_stale(built: Storage, micro: Preset) -> None:
    opt_out(built, "colours-00000-00000")
    assert first_to_build(built, LLM, micro) == ("training_sets", "inputs have changed")


def test_other_training_settings_make_the_checkpoint_stale(built: Storage, micro: Preset) -> None:
    longer = replace(micro, train=replace(micro.train, epochs=9))
    assert first_to_build(built, LLM, longer) == ("flip_checkpoints", "settings have changed")
    of_recipe = {asset: state for asset, r, state, _ in states(built, longer) if r == "llm"}
    assert of_recipe == dict(zip(CHAIN, ("done", "stale", "stale"), strict=True))


def test_a_failed_gate_is_told_and_not_built_over(
    built: Storage,
    edit: Callable[..., None],
    judge_all: Callable[[Storage], None],
    micro: Preset,
) -> None:
    edit("training_sets", lambda rows: rows.pop())
    judge_all(built)
    assert first_to_build(built, LLM, micro) is None
    assert [(a, v.check) for a, v in failed_checks(built, LLM, blocking=True)] == [
        ("training_sets", "rows_conserved")
    ]
    assert states(built, micro)[3][2] == "failed"
    assert not is_current(built, "training_sets", LLM, micro)


def test_an_unchecked_partition_is_not_up_to_date(built: Storage, micro: Preset) -> None:
    (built.home / "flip_retrieval" / "llm.gates.json").unlink()
    due = first_to_build(built, LLM, micro)
    assert due is not None
    assert due[1].startswith("not checked yet: recalls_in_range")
    assert is_current(built, "flip_retrieval", LLM, micro)


def test_pairs_that_come_out_equal_leave_the_checkpoint_current(
    built: Storage, micro: Preset
) -> None:
    opt_out(built, "https://example.org/nobody.jpg")
    assert not is_current(built, "training_sets", LLM, micro)
    build_training_set(built, LLM)
    assert all(is_current(built, asset, LLM, micro) for asset in CHAIN)
    assert first_to_build(built, LLM, micro) is None


def test_other_pairs_make_the_checkpoint_stale(built: Storage, micro: Preset) -> None:
    opt_out(built, "colours-00000-00000")
    build_training_set(built, LLM)
    assert [is_current(built, asset, LLM, micro) for asset in CHAIN] == [True, False, False]


def test_the_dataset_can_ask_for_the_states(
    built: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLIP_PRESET", "tiny")
    rows = status_rows(str(built.home))
    assert ("training_sets", "llm", "done", "") in rows
    assert ("flip_checkpoints", "llm", "stale", "settings have changed") in rows
    assert ("flip_checkpoints", "template", "missing", "") in rows
