"""What each gate finds, and what counts as stale."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
import torch

from flip_training.config import Preset
from flip_training.evaluate import evaluate
from flip_training.freshness import CHAIN, failed_checks, first_to_build, states
from flip_training.gates import GATES, NotBuilt
from flip_training.recipes import RECIPES
from flip_training.storage import PartitionMissing, Storage
from flip_training.train import train
from flip_training.training_sets import build_training_set

LLM = RECIPES["llm"]
BY_NAME = {gate.name: gate for gate in GATES}


@pytest.fixture(scope="module")
def built_once(
    tmp_path_factory: pytest.TempPathFactory, plant: Callable[..., None], micro: Preset
) -> Path:
    """A data root with a recipe that is built and checked; not to be changed."""
    storage = Storage(tmp_path_factory.mktemp("built"))
    for shard in ("colours-00000", "colours-00001"):
        plant(storage.home, shard, 4, 3)
    build_training_set(storage, LLM)
    train(storage, LLM, micro, torch.device("cpu"), print)
    evaluate(storage, "llm", micro, torch.device("cpu"))
    judge_all(storage)
    return storage.home


@pytest.fixture
def built(built_once: Path, tmp_path: Path) -> Storage:
    """A copy of it, to be changed."""
    shutil.copytree(built_once, tmp_path, dirs_exist_ok=True)
    return Storage(tmp_path)


def judge_all(storage: Storage) -> None:
    for gate in GATES:
        storage.record_verdict(gate.asset, "llm", gate.judge(storage, "llm"))


def edit(storage: Storage, asset: str, change: Callable[[list[dict[str, object]]], object]) -> None:
    """Commit a changed table under the old provenance."""
    table, provenance = storage.read_table(asset, "llm"), storage.read_provenance(asset, "llm")
    rows = table.to_pylist()
    change(rows)
    assert provenance is not None
    storage.commit(pa.Table.from_pylist(rows, schema=table.schema), provenance)


def test_a_sound_recipe_passes_every_blocking_gate(built: Storage) -> None:
    assert failed_checks(built, LLM, blocking=True) == []


@pytest.mark.parametrize(
    ("check", "change", "reason"),
    [
        ("rows_conserved", lambda rows: rows.pop(), "24 caption rows came in, 23 went out"),
        (
            "splits_disjoint",
            lambda rows: rows[0].update(split="test" if rows[0]["split"] != "test" else "train"),
            "1 groups are in several splits",
        ),
        ("loss_finite", lambda rows: rows[0].update(loss_itm=float("nan")), "loss_itm at step"),
        ("recalls_in_range", lambda rows: rows[0].update(value=1.5), "1 metrics are out of range"),
        (
            "recalls_in_range",
            lambda rows: [row.update(split="val") for row in rows],
            "nothing was measured on the test split",
        ),
        (
            "beats_chance",
            lambda rows: [row.update(value=row["chance"]) for row in rows],
            "mean test recall by itc is",
        ),
    ],
)
def test_a_gate_says_what_is_wrong(
    built: Storage, check: str, change: Callable[[list[dict[str, object]]], object], reason: str
) -> None:
    gate = BY_NAME[check]
    edit(built, gate.asset, change)
    verdict = gate.judge(built, "llm")
    assert not verdict.passed
    assert reason in verdict.reason


def test_a_truncated_model_does_not_load(built: Storage) -> None:
    weights = built.model_path("llm") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    verdict = BY_NAME["checkpoint_loads"].judge(built, "llm")
    assert verdict.reason.startswith("cannot be loaded")


def test_only_chance_does_not_block() -> None:
    assert [gate.name for gate in GATES if not gate.blocking] == ["beats_chance"]


def test_what_is_not_built_cannot_be_judged(tmp_path: Path) -> None:
    with pytest.raises(NotBuilt, match="training_sets of llm"):
        BY_NAME["rows_conserved"].judge(Storage(tmp_path), "llm")


def test_what_is_built_and_checked_is_up_to_date(built: Storage, micro: Preset) -> None:
    assert first_to_build(built, LLM, micro) is None
    assert {state for _, recipe, state, _ in states(built, micro) if recipe == "llm"} == {"done"}


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
    built.opt_out_list.write_text("colours-00000-00000\n")
    assert first_to_build(built, LLM, micro) == ("training_sets", "inputs have changed")


def test_other_training_settings_make_the_checkpoint_stale(built: Storage, micro: Preset) -> None:
    longer = replace(micro, train=replace(micro.train, epochs=9))
    assert first_to_build(built, LLM, longer) == ("flip_checkpoints", "settings have changed")
    of_recipe = {asset: state for asset, r, state, _ in states(built, longer) if r == "llm"}
    assert of_recipe == dict(zip(CHAIN, ("done", "stale", "stale"), strict=True))


def test_a_failed_gate_is_told_and_not_built_over(built: Storage, micro: Preset) -> None:
    edit(built, "training_sets", lambda rows: rows.pop())
    judge_all(built)
    assert first_to_build(built, LLM, micro) is None
    assert [(a, v.check) for a, v in failed_checks(built, LLM, blocking=True)] == [
        ("training_sets", "rows_conserved")
    ]
    assert states(built, micro)[3][2] == "failed"


def test_an_unchecked_partition_is_not_up_to_date(built: Storage, micro: Preset) -> None:
    (built.home / "flip_retrieval" / "llm.gates.json").unlink()
    due = first_to_build(built, LLM, micro)
    assert due is not None
    assert due[1].startswith("not checked yet: recalls_in_range")
