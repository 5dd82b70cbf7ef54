"""Training: what it commits, that an interruption changes nothing, that divergence is said."""

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch
from safetensors.torch import load_file

from flip_training import evaluate as evaluate_module
from flip_training import train as train_module
from flip_training.config import Preset
from flip_training.pairs.recipes import RECIPES
from flip_training.pairs.training_sets import build_training_set
from flip_training.storage import PartitionMissing, Provenance, Storage
from flip_training.train import train
from flip_training.training.divergence import TrainingDiverged
from flip_training.training.stepping import Outcome, Stepper
from flip_training.training.stopping import TrainingStopped

CPU = torch.device("cpu")
LLM = RECIPES["llm"]

#: What differs between two equal trainings.
MEASURED = {"samples_per_s", "peak_memory"}


@pytest.fixture
def pairs(storage: Storage) -> Storage:
    build_training_set(storage, LLM)
    return storage


def quiet(_: str) -> None:
    """Progress that nobody reads."""


def trained(storage: Storage, preset: Preset, report: Callable[[str], None] = quiet) -> Provenance:
    done = train(storage, LLM, preset, CPU, report)
    assert done is not None
    return done


def changed(preset: Preset, **changes: object) -> Preset:
    return replace(preset, train=replace(preset.train, **changes))  # type: ignore[arg-type]


def history(storage: Storage) -> list[dict[str, float]]:
    rows = storage.read_table("flip_checkpoints", "llm").to_pylist()
    return [{k: v for k, v in row.items() if k not in MEASURED} for row in rows]


class Interrupted(Stepper):
    """Sends this process SIGTERM while it takes its sixth step."""

    def take(self, step: int, *arguments: object, **named: object) -> Outcome:
        if step == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().take(step, *arguments, **named)  # type: ignore[arg-type]


class Exploding(Stepper):
    """Has weights that are not finite from its fourth step on."""

    def take(self, step: int, *arguments: object, **named: object) -> Outcome:
        if step == 3:
            with torch.no_grad():
                self.objective.model.vision_proj.weight.fill_(torch.nan)
        return super().take(step, *arguments, **named)  # type: ignore[arg-type]


def stopped_training(
    storage: Storage, preset: Preset, patch: pytest.MonkeyPatch
) -> TrainingStopped:
    """A training that was asked to stop in its sixth step."""
    with patch.context() as patched:
        patched.setattr("flip_training.training.training.Stepper", Interrupted)
        with pytest.raises(TrainingStopped) as stopped:
            trained(storage, preset)
    return stopped.value


def test_a_training_commits_a_model_and_its_history(pairs: Storage, micro: Preset) -> None:
    done = trained(pairs, micro)
    rows = pairs.read_table("flip_checkpoints", "llm").to_pylist()
    assert done.rows == len(rows) > 0
    assert rows[-1]["epoch"] == micro.train.epochs
    assert rows[-1]["alpha"] > 0 and rows[-1]["peak_memory"] > 0
    assert not any(row["temp_at_bound"] for row in rows)
    names = {path.name for path in pairs.model_path("llm").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
    assert not pairs.work_path("llm").exists()


def test_equal_trainings_have_equal_versions(pairs: Storage, micro: Preset) -> None:
    first, second = (trained(pairs, micro) for _ in range(2))
    assert first.data_version == second.data_version


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(
    pairs: Storage, micro: Preset, monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = changed(micro, epochs=4, log_every=4, save_every=100)
    whole = trained(pairs, preset)
    rows, weights = history(pairs), load_file(pairs.model_path("llm") / "model.safetensors")
    stopped = stopped_training(pairs, preset, monkeypatch)
    assert stopped.exit_code == 143
    assert "stopped as asked after step 6 of 12" in str(stopped)
    lines: list[str] = []
    resumed = trained(pairs, preset, lines.append)
    assert "resumes after step 6 of 12" in lines
    assert history(pairs) == rows
    for name, weight in load_file(pairs.model_path("llm") / "model.safetensors").items():
        assert torch.equal(weight, weights[name]), name
    assert resumed.data_version == whole.data_version


@pytest.mark.parametrize(
    "changes",
    [
        {"contrast": "sigmoid", "queue_size": 0},
        {"micro_batches": 2, "augment_ops": 2},
        {"gradient_checkpointing": True},
        {"precision": "bf16"},
        {"precision": "fp16"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_every_kind_of_training_resumes_exactly(
    pairs: Storage, micro: Preset, changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = changed(micro, epochs=3, save_every=100, **changes)
    trained(pairs, preset)
    rows = history(pairs)
    stopped_training(pairs, preset, monkeypatch)
    trained(pairs, preset)
    assert history(pairs) == rows


def test_a_state_of_other_settings_is_not_resumed(
    pairs: Storage, micro: Preset, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_training(pairs, changed(micro, epochs=4), monkeypatch)
    lines: list[str] = []
    trained(pairs, changed(micro, epochs=4, lr=1e-3), lines.append)
    assert any("is of other settings or pairs" in line for line in lines)
    assert not any(line.startswith("resumes") for line in lines)


def test_a_torn_state_costs_time_only(pairs: Storage, micro: Preset) -> None:
    work = pairs.work_path("llm")
    work.mkdir(parents=True)
    (work / "state.safetensors").write_bytes(b"torn")
    lines: list[str] = []
    done = trained(pairs, micro, lines.append)
    assert [line.partition(":")[0] for line in lines if "cannot be read" in line] == ["starts anew"]
    assert done.data_version == trained(pairs, micro).data_version


def test_a_loss_that_is_not_finite_stops_the_training_and_keeps_the_last_good_state(
    pairs: Storage, micro: Preset, monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = changed(micro, save_every=2)
    state = pairs.work_path("llm") / "state.safetensors"
    with monkeypatch.context() as patch:
        patch.setattr("flip_training.training.training.Stepper", Exploding)
        with pytest.raises(TrainingDiverged) as diverged:
            trained(pairs, preset)
    for part in ("not finite at step 4", "itc nan", "'micro'", "learning rate", "train.lr"):
        assert part in str(diverged.value)
    assert f"the last good state, after step 2, is {state}" in str(diverged.value)
    assert all(weight.isfinite().all() for weight in load_file(state).values())
    with pytest.raises(TrainingDiverged, match="the same settings diverged before"):
        trained(pairs, preset)
    assert trained(pairs, changed(preset, lr=1e-4)).rows > 0


def test_a_gradient_that_is_not_finite_stops_the_training(
    pairs: Storage, micro: Preset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "torch.nn.utils.clip_grad_norm_", lambda *_: torch.tensor(torch.inf), raising=True
    )
    with pytest.raises(TrainingDiverged, match=r"gradient's norm is inf at step 1 .* no state"):
        trained(pairs, micro)


def test_a_recipe_is_trained_once_at_a_time(pairs: Storage, micro: Preset) -> None:
    with (
        train_module._locked(pairs.work_path("llm"), "llm"),
        pytest.raises(RuntimeError, match="llm is being trained by another process"),
    ):
        trained(pairs, micro)


def test_event_files_lie_in_the_data_root(pairs: Storage, micro: Preset) -> None:
    trained(pairs, micro)
    (folder,) = (pairs.home / "flip_logs" / "llm").iterdir()
    assert any(path.name.startswith("events.out.tfevents") for path in folder.iterdir())


def test_a_training_set_is_needed(storage: Storage, micro: Preset) -> None:
    with pytest.raises(PartitionMissing, match="training_sets of llm is not built"):
        trained(storage, micro)


@pytest.mark.parametrize("program", [train_module, evaluate_module])
def test_the_commands_take_the_environments_preset_unless_one_is_named(
    monkeypatch: pytest.MonkeyPatch, program: ModuleType
) -> None:
    monkeypatch.setenv("FLIP_PRESET", "huge")
    with pytest.raises(SystemExit, match="FLIP_PRESET='huge' is not one of"):
        program.main("llm")
    with pytest.raises(SystemExit, match="preset 'vast' is not one of"):
        program.main("llm", "vast")
    with pytest.raises(SystemExit, match="--set: "):
        program.main("llm", "tiny", changes=["train.rate=1"])


def test_a_home_without_a_training_set_is_left_as_it_was(tmp_path: Path, micro: Preset) -> None:
    with pytest.raises(PartitionMissing):
        trained(Storage(tmp_path), micro)
    assert list(tmp_path.iterdir()) == []


def test_the_state_is_json_and_tensors_alone(
    pairs: Storage, micro: Preset, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_training(pairs, changed(micro, epochs=4), monkeypatch)
    data = (pairs.work_path("llm") / "state.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    assert json.loads(header["__metadata__"]["progress"])["steps_done"] == 6
