"""Training: what it commits, that a crash costs nothing but time, that divergence is said."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from flip_training import train as train_module
from flip_training.config import Preset
from flip_training.recipes import RECIPES
from flip_training.storage import PartitionMissing, Storage
from flip_training.train import Training, TrainingDiverged, train
from flip_training.training_sets import build_training_set

CPU = torch.device("cpu")
LLM = RECIPES["llm"]


@pytest.fixture
def pairs(storage: Storage) -> Storage:
    build_training_set(storage, LLM)
    return storage


def quiet(_: str) -> None:
    """Progress that nobody reads."""


def test_a_training_commits_a_model_and_its_history(pairs: Storage, micro: Preset) -> None:
    done = train(pairs, LLM, micro, CPU, quiet)
    history = pairs.read_table("flip_checkpoints", "llm").to_pylist()
    assert done.rows == len(history) > 0
    assert history[-1]["epoch"] == micro.train.epochs
    names = {path.name for path in pairs.model_path("llm").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
    assert not pairs.work_path("llm").exists()


def test_equal_trainings_have_equal_versions(pairs: Storage, micro: Preset) -> None:
    first, second = (train(pairs, LLM, micro, CPU, quiet) for _ in range(2))
    assert first.data_version == second.data_version


def test_a_resumed_training_ends_in_the_weights_of_an_uninterrupted_one(
    pairs: Storage, micro: Preset, monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = replace(micro, train=replace(micro.train, epochs=3))
    whole = train(pairs, LLM, preset, CPU, quiet)
    weights = load_file(pairs.model_path("llm") / "model.safetensors")

    class Crashing(Training):
        def run_epoch(self, epoch: int) -> None:
            if epoch == 2:
                raise KeyboardInterrupt
            super().run_epoch(epoch)

    with monkeypatch.context() as patch:
        patch.setattr(train_module, "Training", Crashing)
        with pytest.raises(KeyboardInterrupt):
            train(pairs, LLM, preset, CPU, quiet)
    lines: list[str] = []
    resumed = train(pairs, LLM, preset, CPU, lines.append)
    assert "resumes after epoch 2" in lines
    for name, weight in load_file(pairs.model_path("llm") / "model.safetensors").items():
        assert torch.equal(weight, weights[name]), name
    assert resumed.data_version == whole.data_version
    assert resumed.rows == whole.rows


def test_a_state_of_other_settings_is_not_resumed(pairs: Storage, micro: Preset) -> None:
    lines: list[str] = []
    longer = replace(micro, train=replace(micro.train, lr=1e-3))
    work = pairs.work_path("llm")
    training = train_module.prepare(pairs, LLM, micro, CPU, quiet)
    training.run(work / "state.safetensors", "other settings")
    train(pairs, LLM, longer, CPU, lines.append)
    assert not any(line.startswith("resumes") for line in lines)


def test_a_torn_state_costs_time_only(pairs: Storage, micro: Preset) -> None:
    work = pairs.work_path("llm")
    work.mkdir(parents=True)
    (work / "state.safetensors").write_bytes(b"torn")
    lines: list[str] = []
    done = train(pairs, LLM, micro, CPU, lines.append)
    assert [line.partition(":")[0] for line in lines if "cannot be read" in line] == ["starts anew"]
    assert done == train(pairs, LLM, micro, CPU, quiet)


def test_a_loss_that_is_not_finite_stops_the_training(pairs: Storage, micro: Preset) -> None:
    training = train_module.prepare(pairs, LLM, micro, CPU, quiet)
    with torch.no_grad():
        training.model.vision_proj.weight.fill_(torch.nan)
    with pytest.raises(TrainingDiverged, match=r"step 0 .* lower train\.lr"):
        training.run_epoch(0)


def test_bf16_trains_on_the_cpu_as_well(pairs: Storage, micro: Preset) -> None:
    preset = replace(micro, train=replace(micro.train, precision="bf16", epochs=1))
    training = train_module.prepare(pairs, LLM, preset, CPU, quiet)
    training.run_epoch(0)
    assert training.history[-1]["loss_itc"] > 0


def test_a_training_set_is_needed(storage: Storage, micro: Preset) -> None:
    with pytest.raises(PartitionMissing, match="training_sets of llm is not built"):
        train(storage, LLM, micro, CPU, quiet)


def test_a_home_without_a_lock_is_left_as_it_was(tmp_path: Path, micro: Preset) -> None:
    with pytest.raises(PartitionMissing):
        train(Storage(tmp_path), LLM, micro, CPU, quiet)
    assert list(tmp_path.iterdir()) == []
