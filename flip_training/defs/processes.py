"""Runs a module of this package as a process of its own, and passes its lines on.

A process gives its memory and its GPU back when it ends, and is the same program as on the command
line.
"""

import logging
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import dagster as dg

#: Lines of every process, for whoever listens; the command line does.
progress_log: Final = logging.getLogger("flip_training.progress")

#: Lines that a failure shows.
_TAIL: Final = 40


def run_module(module: str, arguments: Sequence[str], log: Callable[[str], None]) -> None:
    """Run ``python -m module``; its last line is the reason when it fails.

    Args:
        module: Dotted name.
        arguments: Command line.
        log: Called with each line that the process prints.

    Raises:
        dagster.Failure: If the process ends with an error.
    """
    command = [sys.executable, "-m", module, *arguments]
    # Waiting threads sleep instead of spinning: the cores may be shared with other runs.
    environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ, "PYTHONUNBUFFERED": "1"}
    tail: deque[str] = deque(maxlen=_TAIL)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        try:
            for line in process.stdout or ():
                tail.append(line.rstrip())
                log(tail[-1])
                progress_log.info(tail[-1])
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        reason = next((line for line in reversed(tail) if line), f"exit {process.returncode}")
        raise dg.Failure(
            description=reason,
            metadata={"command": " ".join(command), "output": "\n".join(tail)},
            allow_retries=False,
        )
