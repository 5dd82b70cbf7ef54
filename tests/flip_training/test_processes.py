"""Modules that Dagster runs as processes: reasons, retries, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

from flip_training.defs.processes import run_module


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes a module that can be run: ``module(code)`` is its name."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))

    def make(code: str) -> str:
        (tmp_path / "planted.py").write_text(code, "utf-8")
        return "planted"

    return make


def unheard(_: str) -> None:
    """A line that nobody reads."""


def test_lines_arrive_as_they_are_printed_with_the_variables(module) -> None:
    lines: list[str] = []
    code = "import os, sys; print('one'); print(os.environ['COLOUR'], sys.argv[1])"
    run_module(module(code), ["two"], lines.append, {"COLOUR": "red"})
    assert lines == ["one", "red two"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("print('first'); raise SystemExit('no pairs')", "no pairs"),
        ("raise SystemExit(3)", "exit 3"),
    ],
)
def test_the_last_line_is_the_reason_of_a_failure(module, code: str, reason: str) -> None:
    with pytest.raises(dg.Failure) as failed:
        run_module(module(code), [], unheard)
    assert failed.value.description == reason
    assert not failed.value.allow_retries


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("print('stopped as asked'); raise SystemExit(143)", "stopped as asked"),
        ("import os; print('step 4'); os.kill(os.getpid(), 9)", "killed by SIGKILL"),
    ],
)
def test_what_was_ended_by_a_signal_is_tried_again(module, code: str, reason: str) -> None:
    with pytest.raises(dg.RetryRequested) as again:
        run_module(module(code), [], unheard)
    assert isinstance(again.value.__cause__, dg.Failure)
    assert reason in str(again.value.__cause__.description)


def test_an_interrupted_step_asks_its_process_to_end_and_waits(module, tmp_path: Path) -> None:
    code = (
        "import pathlib, signal, sys, time\n"
        "def end(number, frame):\n"
        f"    pathlib.Path({str(tmp_path / 'saved')!r}).write_text('state')\n"
        "    sys.exit(143)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('running')\n"
        "time.sleep(60)\n"
    )

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_module(module(code), [], interrupt)
    assert (tmp_path / "saved").read_text() == "state"


@pytest.mark.parametrize("handler", ["SIG_DFL", "SIG_IGN"])
def test_a_process_ends_with_the_one_that_started_it(module, handler: str) -> None:
    child = "from flip_training.leaving import leave_with_parent; import time, os\n"
    child += "leave_with_parent(); print(os.getpid()); time.sleep(60)\n"
    name = module(child)
    parent = (
        "import signal\n"
        "from flip_training.defs.processes import run_module\n"
        f"signal.signal(signal.SIGTERM, signal.{handler})\n"
        f"run_module({name!r}, [], lambda line: print(line, flush=True))\n"
    )
    command = [sys.executable, "-c", parent]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.kill()
    for _ in range(300):
        if not _is_running(pid):
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    raise AssertionError("the process outlived its parent")


def _is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text("utf-8").split(") ")[1][:1]
    except FileNotFoundError:
        return False
