"""Runs whose process was killed: they would hold their place in a pool for ever.

Dagster's daemon looks after the runs that it launched. Those of ``facecaption build`` run in the
command's own process, which holds a lock file for as long as it lives; the runs' tag names it.
Training does alike on the same instance, and each ends what the other left.
"""

from functools import cache
from pathlib import Path
from typing import Final
from uuid import uuid4

import dagster as dg
from filelock import FileLock, Timeout

#: Names the lock file of the process that a run belongs to.
PROCESS_TAG: Final = "facecaption/process"

_UNDER_WAY: Final = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def process_tag(instance: dg.DagsterInstance) -> dict[str, str]:
    """Tag of runs that end with this process, at the latest."""
    folder = _folder(instance)
    folder.mkdir(parents=True, exist_ok=True)
    return {PROCESS_TAG: Path(_held_lock(folder).lock_file).stem}


def end_abandoned_runs(instance: dg.DagsterInstance) -> None:
    """Cancel runs of killed processes of this machine, and free their places in pools."""
    folder = _folder(instance)
    for run in instance.get_runs(dg.RunsFilter(statuses=list(_UNDER_WAY))):
        name = run.tags.get(PROCESS_TAG)
        if name is not None and _is_abandoned(folder / f"{name}.lock"):
            instance.report_run_canceled(run, "The process of the run was killed.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    for path in folder.glob("*.lock"):
        if _is_abandoned(path):
            path.unlink(missing_ok=True)


def _folder(instance: dg.DagsterInstance) -> Path:
    return Path(instance.root_directory) / "processes"


@cache
def _held_lock(folder: Path) -> FileLock:
    lock = FileLock(folder / f"{uuid4().hex}.lock", is_singleton=False)
    lock.acquire(timeout=10)  # Another process may be looking whether it is held.
    return lock


def _is_abandoned(path: Path) -> bool:
    """Whether the process that held the lock is gone; one of another machine has no file here."""
    if not path.exists():
        return False
    lock = FileLock(path, is_singleton=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    lock.release()
    return True
