"""Several processes of a module, as ``torchrun`` starts them, and one reason where they fail.

``torchrun`` itself does as well; this one ends with the exit code of the process that failed first,
and with its reason as the last line. What the processes do together belongs to ``distributed``.
"""

import json
import logging
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch

from flip_training.leaving import WITH_PARENT

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

#: Where ``torchrun`` tells a process to write why it failed.
_ERROR_FILE: Final = "TORCHELASTIC_ERROR_FILE"

#: Time that processes have to write their state once they are asked to stop, s.
STOPPING_S: Final = 120


def is_launched() -> bool:
    """Whether this process is one of several that were started together."""
    return "WORLD_SIZE" in os.environ


def process_count(asked: str, device: str) -> int:
    """How many processes to start: as asked, or for ``auto`` one per visible GPU; one on a CPU.

    Raises:
        ValueError: If what is asked is neither ``auto`` nor a positive number.
    """
    if asked == "auto":
        return max(1, torch.cuda.device_count()) if device == "cuda" else 1
    if not asked.isdecimal() or int(asked) < 1:
        raise ValueError(f"FLIP_PROCESSES must be auto or a positive number, got {asked!r}")
    return int(asked)


@contextmanager
def telling_why() -> Iterator[None]:
    """Write down for the launcher why this process failed, before the others notice that it did."""
    try:
        yield
    except Exception as error:
        if path := os.environ.get(_ERROR_FILE):
            now = time.time()
            told = {"timestamp": str(int(now)), "at": now, "py_callstack": traceback.format_exc()}
            message = {"message": f"{type(error).__name__}: {error}", "extraInfo": told}
            Path(path).write_text(json.dumps({"message": message}), "utf-8")
        raise


def launch(module: str, arguments: Sequence[str], num_processes: int) -> int:
    """Run ``python -m module`` in several processes of this machine; return the exit code.

    A process that fails ends all others, and its reason is the last line. A signal is passed on,
    and the processes have ``STOPPING_S`` to obey it.
    """
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    logging.getLogger("torch.distributed").setLevel(logging.CRITICAL)
    os.environ[WITH_PARENT] = "1"
    with tempfile.TemporaryDirectory() as folder:
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=num_processes,
            rdzv_backend="c10d",
            rdzv_endpoint="127.0.0.1:0",
            local_addr="127.0.0.1",
            run_id=str(os.getpid()),
            max_restarts=0,
            shutdown_timeout=STOPPING_S,
            logs_specs=DefaultLogsSpecs(log_dir=folder),
        )
        try:
            elastic_launch(config, sys.executable)("-u", "-m", module, *arguments)
        except SignalException as stopped:
            return 128 + int(stopped.sigval)
        except ChildFailedError as failed:
            return _tell(failed)
    return 0


def _tell(failed: "ChildFailedError") -> int:
    """Print why the process failed that failed first; return its exit code."""
    rank, first = min(failed.failures.items(), key=lambda item: _time_of(item[1]))
    reason = first.message
    if isinstance(reason, dict):
        print(f"process {rank}: {reason['message']}", file=sys.stderr)
    elif first.exitcode < 0:
        print(f"process {rank} was killed by {first.signal_name()}", file=sys.stderr)
    return first.exitcode if first.exitcode > 0 else 128 - first.exitcode


def _time_of(failure: "ProcessFailure") -> float:
    told = failure.message
    return float(told["extraInfo"]["at"]) if isinstance(told, dict) else float(failure.timestamp)
