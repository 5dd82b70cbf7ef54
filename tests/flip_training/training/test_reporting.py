"""Whoever is shown a training's rows is shown all of them once, also after it has resumed."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flip_training.presets import tiny
from flip_training.training.reporting import Run, open_reporters
from flip_training.training.training_history import Row


def row(step: int, loss: float = 2.0) -> Row:
    return {
        "step": step,
        "epoch": step / 4,
        "loss_itc": loss,
        "loss_itm": 0.5,
        "lr": 1e-3,
        "temp": 0.07,
        "temp_at_bound": False,
        "alpha": 0.2,
        "samples_per_s": 100.0,
        "grad_norm": 1.5,
        "peak_memory": 10**9,
    }


def run(logs: Path, steps_done: int = 0, project: str = "") -> Run:
    return Run("llm", "version", tiny(), logs, steps_done, project)


def curve(logs: Path, tag: str) -> dict[int, float]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(logs))
    events.Reload()
    shown = events.Scalars(tag)
    assert len({event.step for event in shown}) == len(shown)
    return {event.step: event.value for event in shown}


def unread(_: str) -> None:
    """A line that nobody reads."""


def test_a_row_is_a_line(tmp_path: Path) -> None:
    lines: list[str] = []
    with open_reporters(run(tmp_path), lines.append) as reporters:
        for reporter in reporters:
            reporter.show(row(8))
    (line,) = lines
    for part in (
        f"epoch 2.0/{tiny().train.epochs}",
        "itc 2.000",
        "itm 0.500",
        "lr 1.0e-03",
        "temp 0.070",
    ):
        assert part in line
    for part in ("alpha 0.20", "gradient 1.50", "100 pairs/s", "1.0 GB"):
        assert part in line


def test_tensorboard_has_every_column_while_the_training_runs(tmp_path: Path) -> None:
    with open_reporters(run(tmp_path), unread) as reporters:
        for reporter in reporters:
            reporter.show(row(8))
        for tag in row(8).keys() - {"step"}:
            assert curve(tmp_path, tag) == {8: pytest.approx(float(row(8)[tag]))}


def test_a_resumed_curve_has_no_step_twice(tmp_path: Path) -> None:
    for steps_done, loss in ((0, 2.0), (4, 3.0)):
        with open_reporters(run(tmp_path, steps_done), unread) as reporters:
            for step in range(steps_done + 2, 10, 2):
                for reporter in reporters:
                    reporter.show(row(step, loss))
    assert curve(tmp_path, "loss_itc") == {2: 2.0, 4: 2.0, 6: 3.0, 8: 3.0}


@dataclass
class FakeWandb:
    """What is used of the package, and what it was told."""

    settings: dict[str, Any] = field(default_factory=dict)
    logged: list[tuple[Row, int]] = field(default_factory=list)
    is_finished: bool = False

    def init(self, **settings: Any) -> SimpleNamespace:
        self.settings = settings
        return SimpleNamespace(
            log=lambda row, step: self.logged.append((row, step)), finish=self.finish
        )

    def finish(self) -> None:
        self.is_finished = True


def test_weights_and_biases_goes_on_with_the_same_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    with open_reporters(run(tmp_path, project="faces"), unread) as reporters:
        for reporter in reporters:
            reporter.show(row(8))
    assert fake.settings["project"] == "faces"
    assert (fake.settings["id"], fake.settings["resume"]) == ("llm-version", "allow")
    assert fake.settings["config"]["train"]["lr"] == tiny().train.lr
    ((logged, step),) = fake.logged
    assert (step, logged["loss_itc"]) == (8, 2.0)
    assert fake.is_finished


def test_a_missing_package_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with (
        pytest.raises(ValueError, match=r"FLIP_WANDB_PROJECT='faces'.*facecaption\[wandb\]"),
        open_reporters(run(tmp_path, project="faces"), unread),
    ):
        pass
