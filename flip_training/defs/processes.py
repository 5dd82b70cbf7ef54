"""Runs a module of this package as a process of its own, and passes its lines on.

A process gives its memory and its GPU back when it ends, and is the same program as on the command
line. What a training says beside its lines belongs to ``defs.training_rows``.
"""

import logging
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import dagster as dg

from flip_training.leaving import WITH_PARENT

#: Lines of every process, for whoever listens; the command line does.
progress_log: Final = logging.getLogger("flip_training.progress")

#: Lines that a failure shows.
_TAIL: Final = 40

#: Time that a process has to end after SIGTERM: a training writes its state, s.
_GRACE_S: Final = 150.0

#: Ends that are nobody's mistake: the process was asked to end, or was killed.
_SIGNALLED: Final = (128 + signal.SIGTERM, 128 + signal.SIGINT, 128 + signal.SIGKILL)

#: How often such a process is tried again, and after how long, s.
_RETRIES: Final = 2
_RETRY_AFTER_S: Final = 10.0


def run_module(
    module: str,
    arguments: Sequence[str],
    log: Callable[[str], None],
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run ``python -m module``; its last line is the reason when it fails.

    A process that was ended by a signal is tried again, as a training goes on where it stopped.

    Args:
        module: Dotted name.
        arguments: Command line.
        log: Called with each line that the process prints.
        environment: Variables that it gets beside this process's own.

    Raises:
        dagster.Failure: If the process ends with an error.
        dagster.RetryRequested: If it was told to end, or killed.
    """
    command = [sys.executable, "-m", module, *arguments]
    # Waiting threads sleep instead of spinning: the cores may be shared with other runs.
    variables = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ, **(environment or {})}
    variables |= {"PYTHONUNBUFFERED": "1", WITH_PARENT: "1"}
    tail: deque[str] = deque(maxlen=_TAIL)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=variables
    ) as process:
        try:
            for line in process.stdout or ():
                tail.append(line.rstrip())
                log(tail[-1])
                progress_log.info(tail[-1])
        except BaseException:
            _end(process)
            raise
    if process.returncode < 0 or process.returncode in _SIGNALLED:
        again = dg.RetryRequested(max_retries=_RETRIES, seconds_to_wait=_RETRY_AFTER_S)
        raise again from _failure(command, process.returncode, tail)
    if process.returncode != 0:
        raise _failure(command, process.returncode, tail)


def _end(process: subprocess.Popen[str]) -> None:
    """Ask the process to end, and kill it where it does not."""
    try:
        process.terminate()
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        process.kill()


def _failure(command: Sequence[str], code: int, tail: Sequence[str]) -> dg.Failure:
    reason = next((line for line in reversed(tail) if line), "")
    if code < 0:
        reason = f"killed by {signal.Signals(-code).name}; the last line was: {reason}"
    return dg.Failure(
        description=reason or f"exit {code}",
        metadata={"command": " ".join(command), "output": "\n".join(tail)},
        allow_retries=False,
    )
