"""Everyone is held out once, by a model that never saw them."""

import json
from dataclasses import replace

import pytest
import torch
from typer.testing import CliRunner

from flip_training import cross_validation, presets
from flip_training.cli import app
from flip_training.config import Preset
from flip_training.cross_validation import cross_validate, fold_of_groups
from flip_training.pairs.recipes import RECIPES
from flip_training.pairs.training_sets import build_training_set
from flip_training.storage import PartitionMissing, Storage
from flip_training.train import train

CPU = torch.device("cpu")
LLM = RECIPES["llm"]


@pytest.fixture
def brief(micro: Preset) -> Preset:
    """One epoch, whose history is of no interest."""
    return replace(micro, train=replace(micro.train, epochs=1, log_every=50))


def test_every_group_is_in_one_fold_and_folds_are_even() -> None:
    groups = [f"person {i}" for i in range(11)]
    folds = fold_of_groups(groups * 3, 4)
    assert set(folds) == set(groups)
    sizes = [list(folds.values()).count(fold) for fold in range(4)]
    assert max(sizes) - min(sizes) <= 1
    assert fold_of_groups(groups[::-1], 4) == folds


@pytest.mark.parametrize("num_folds", [0, 1, 4])
def test_folds_that_cannot_be_are_refused(num_folds: int) -> None:
    with pytest.raises(ValueError, match=f"--folds must be from 2 to 3 .*got {num_folds}"):
        fold_of_groups(["a", "b", "c"], num_folds)


def test_every_face_asks_once_and_no_fold_trains_on_whom_it_is_asked_about(
    storage: Storage, brief: Preset, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_training_set(storage, LLM)
    before = storage.read_provenance("training_sets", "llm")
    seen: list[tuple[set[str], set[str]]] = []

    def watched(fold: Storage, *arguments: object) -> object:
        rows = fold.read_table("training_sets", "llm").to_pylist()
        of_split = ({r["split_group"] for r in rows if r["split"] == s} for s in ("train", "test"))
        seen.append((*of_split,))  # type: ignore[arg-type]
        return train(fold, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(cross_validation, "train", watched)
    rows = cross_validate(storage, LLM, brief, 3, CPU, lambda _: None)
    assert all(not trained & asked for trained, asked in seen)
    assert sorted(g for _, asked in seen for g in asked) == sorted(seen[0][0] | seen[0][1])
    asked = {r["direction"]: r["num_queries"] for r in rows if r["metric"] == "auc"}
    assert asked["image_to_text"] == 24
    assert {(r["interval_over"], r["num_groups"]) for r in rows} == {("groups", 8)}
    assert {r["metric"] for r in rows} == {"R@1", "R@5", "R@10", "auc"}
    assert storage.read_provenance("training_sets", "llm") == before
    assert storage.partitions("flip_checkpoints") == []


def test_a_training_set_is_needed(storage: Storage, brief: Preset) -> None:
    with pytest.raises(PartitionMissing, match="training_sets of llm"):
        cross_validate(storage, LLM, brief, 2, CPU, lambda _: None)


def test_nobody_is_trained_on_who_opted_out_after_the_pairs_were_chosen(
    storage: Storage, brief: Preset
) -> None:
    build_training_set(storage, LLM)
    storage.opt_out_folder.mkdir()
    (storage.opt_out_folder / "list.txt").write_text("colours-00000-00001\n")
    with pytest.raises(PartitionMissing, match=r"training_sets of llm was built before .*optout"):
        cross_validate(storage, LLM, brief, 2, CPU, lambda _: None)
    with pytest.raises(PartitionMissing, match=r"training_sets of llm was built before .*optout"):
        train(storage, LLM, brief, CPU, lambda _: None)
    build_training_set(storage, LLM)
    assert cross_validate(storage, LLM, brief, 2, CPU, lambda _: None)


def test_the_command_prints_and_keeps_the_result(
    storage: Storage, brief: Preset, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_training_set(storage, LLM)
    monkeypatch.setitem(presets.PRESETS, "tiny", lambda: brief)
    monkeypatch.setenv("FLIP_PRESET", "tiny")
    command = ["--home", str(storage.home), "cross-validate", "llm", "--folds"]
    done = CliRunner().invoke(app, [*command, "2"])
    assert done.exit_code == 0, done.output
    assert "8 split groups" in done.output
    kept = json.loads((storage.home / "reports" / "cross_validation_llm.json").read_text())
    assert {r["split"] for r in kept} == {"cross_validation"}
    refused = CliRunner().invoke(app, [*command, "20"])
    assert refused.exit_code == 1
    assert "--folds must be from 2 to 8" in refused.output
