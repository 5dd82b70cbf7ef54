"""Trainings as processes of their own: killed, asked to stop, and several for one model."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from flip_training.config import Preset
from flip_training.overriding import overridden
from flip_training.pairs.recipes import RECIPES
from flip_training.pairs.training_sets import build_training_set
from flip_training.presets import tiny
from flip_training.storage import Storage
from flip_training.train import train

#: The smallest setting that trains for some seconds.
CHANGES = [
    "model.vision.image_size=16",
    "model.vision.patch_size=8",
    "model.vision.width=16",
    "model.vision.layers=1",
    "model.text.width=16",
    "model.text.layers=1",
    "model.embed_dim=8",
    "train.epochs=60",
    "train.batch_size=4",
    "train.lr=1e-4",
    "train.queue_size=6",
    "train.momentum=0.98",
    "train.alpha=0.4",
    "train.log_every=2",
    "train.save_every=7",
]

#: What differs between equal trainings, and what sums rounding of all weights.
MEASURED = {"samples_per_s", "peak_memory"}
NORM = "grad_norm"


@pytest.fixture
def pairs(storage: Storage) -> Storage:
    build_training_set(storage, RECIPES["llm"])
    return storage


@pytest.fixture
def preset() -> Preset:
    return overridden(tiny(), CHANGES)


def command(storage: Storage, *arguments: str) -> list[str]:
    changes = [part for change in CHANGES for part in ("--set", change)]
    start = [sys.executable, "-m", "flip_training.train", "--recipe", "llm", "--device", "cpu"]
    return [*start, "--home", str(storage.home), *changes, *arguments]


@contextmanager
def started(arguments: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A process whose lines can be read; it is gone afterwards."""
    variables = {**os.environ, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(arguments, text=True, env=variables, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_epoch(process: subprocess.Popen[str], epoch: int) -> None:
    """Read lines until the process has reported the end of an epoch."""
    for line in process.stdout or ():
        if line.startswith(f"epoch {epoch}.0/"):
            return
    raise AssertionError(f"ended with {process.wait()} before epoch {epoch}")


Curve = dict[str, torch.Tensor]


def curve_of(storage: Storage) -> Curve:
    """Every logged column that does not depend on the machine."""
    table = storage.read_table("flip_checkpoints", "llm").drop_columns(sorted(MEASURED))
    columns = table.to_pydict().items()
    return {name: torch.tensor(values, dtype=torch.float64) for name, values in columns}


def assert_same(curve: Curve, whole: Curve, within: float) -> None:
    """Hold every column but the gradient's norm to a tolerance; the norm to 1e-3 of itself.

    It is a sum of many squares, and how they are added depends on where a process has them.
    """
    assert curve.keys() == whole.keys()
    for name, values in whole.items():
        rtol, atol = (1e-3, 0.0) if name == NORM else (0.0, within)
        torch.testing.assert_close(curve[name], values, rtol=rtol, atol=atol, msg=name)


def finished_here(storage: Storage, preset: Preset) -> tuple[Curve, list[str]]:
    """The curve and the lines of a training that goes on in this process."""
    lines: list[str] = []
    train(storage, RECIPES["llm"], preset, torch.device("cpu"), lines.append)
    return curve_of(storage), lines


@pytest.fixture
def whole(pairs: Storage, preset: Preset) -> Curve:
    """The curve of an uninterrupted training in one process."""
    return finished_here(pairs, preset)[0]


def test_a_killed_training_goes_on_as_if_it_had_not_been(
    pairs: Storage, preset: Preset, whole: Curve
) -> None:
    with started(command(pairs)) as process:
        wait_for_epoch(process, 4)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    curve, lines = finished_here(pairs, preset)
    assert any(line.startswith("resumes after step ") for line in lines)
    assert_same(curve, whole, 1e-6)


@pytest.mark.slow
def test_sigterm_writes_the_state_and_ends_with_143(
    pairs: Storage, preset: Preset, whole: Curve
) -> None:
    with started(command(pairs)) as process:
        wait_for_epoch(process, 4)
        process.send_signal(signal.SIGTERM)
        output = (process.stdout.read() if process.stdout else "").splitlines()
        assert process.wait() == 143
    assert output[-1].startswith("stopped as asked after step ")
    curve, lines = finished_here(pairs, preset)
    (resumed,) = (line for line in lines if line.startswith("resumes after step "))
    assert resumed.split()[3] == output[-1].split()[5]
    assert_same(curve, whole, 1e-6)


def torchrun(storage: Storage) -> list[str]:
    own = command(storage)
    run = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    return [own[0], *run, *own[1:]]


@pytest.mark.slow
@pytest.mark.parametrize("start", ["torchrun", "by itself"])
def test_two_processes_train_as_one(pairs: Storage, whole: Curve, start: str) -> None:
    run = torchrun(pairs) if start == "torchrun" else command(pairs, "--processes", "2")
    with started(run) as process:
        output = process.stdout.read() if process.stdout else ""
        assert process.wait() == 0, output
    assert "2 processes on cpu" in output
    assert_same(curve_of(pairs), whole, within=1e-5)


@pytest.mark.slow
def test_one_process_goes_on_where_two_were_stopped(
    pairs: Storage, preset: Preset, whole: Curve
) -> None:
    with started(command(pairs, "--processes", "2")) as process:
        wait_for_epoch(process, 4)
        process.send_signal(signal.SIGTERM)
        output = (process.stdout.read() if process.stdout else "").splitlines()
        assert process.wait() == 143, output
    assert output[-1].startswith("stopped as asked after step ")
    curve, lines = finished_here(pairs, preset)
    assert any(line.startswith("resumes after step ") for line in lines)
    assert_same(curve, whole, within=1e-5)


@pytest.mark.slow
def test_a_process_that_fails_ends_all_and_its_reason_is_the_last_line(pairs: Storage) -> None:
    run = command(pairs, "--processes", "2", "--set", "train.batch_size=5")
    with started(run) as process:
        output = (process.stdout.read() if process.stdout else "").splitlines()
        assert process.wait() == 1
    assert "ValueError: a batch of 5 pairs" in output[-1]
    assert output[-1].startswith("process ")


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8")
    return [int(child) for child in listed.split()]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_process_outlives_a_killed_launcher(pairs: Storage) -> None:
    with started([*command(pairs, "--processes", "2"), "--set", "train.epochs=9999"]) as process:
        wait_for_epoch(process, 2)
        workers = children(process.pid)
        process.kill()
        rest = process.stdout.read() if process.stdout else ""  # Ends when nobody writes any more.
    assert len(workers) == 2
    assert "stopped as asked after step" in rest
