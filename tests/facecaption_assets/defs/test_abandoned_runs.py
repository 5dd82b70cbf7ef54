import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from facecaption_assets.defs import abandoned_runs
from facecaption_assets.defs.abandoned_runs import PROCESS_TAG, end_abandoned_runs, process_tag
from flip_training.defs import abandoned_runs as training

#: Tags a run of its own, says so, and waits to be killed.
_OTHER_PROCESS = """
import sys, time
from importlib import import_module
from types import SimpleNamespace
module = import_module(sys.argv[2])
tag = module.process_tag(SimpleNamespace(root_directory=sys.argv[1]))
print(tag[module.PROCESS_TAG], flush=True)
time.sleep(60)
"""


@dg.job
def some_job() -> None:
    """Nothing."""


@pytest.fixture
def instance(tmp_path: Path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.event_log_storage.set_concurrency_slots("gpu", 1)
        yield instance


def start_run(instance: dg.DagsterInstance, tags: dict[str, str]) -> str:
    """A run that has started and holds the pool's only place."""
    run = instance.create_run_for_job(some_job, tags=tags, status=dg.DagsterRunStatus.STARTED)
    assert instance.event_log_storage.claim_concurrency_slot("gpu", run.run_id, "a").is_claimed
    return run.run_id


def holders(instance: dg.DagsterInstance) -> set[str]:
    info = instance.event_log_storage.get_concurrency_info("gpu")
    return {*info.active_run_ids, *info.pending_run_ids}


@pytest.mark.parametrize(
    ("killed", "ends"),
    [(abandoned_runs, abandoned_runs), (training, abandoned_runs), (abandoned_runs, training)],
)
def test_the_place_of_a_killed_process_is_free_again_and_not_before(instance, killed, ends) -> None:
    command = [sys.executable, "-c", _OTHER_PROCESS, instance.root_directory, killed.__name__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        run = start_run(instance, {PROCESS_TAG: process.stdout.readline().strip()})
        ends.end_abandoned_runs(instance)
        assert holders(instance) == {run}
        process.kill()
    ends.end_abandoned_runs(instance)
    assert holders(instance) == set()
    assert instance.get_run_by_id(run).status is dg.DagsterRunStatus.CANCELED


@pytest.mark.parametrize("tags", [{}, {PROCESS_TAG: "of-another-machine"}])
def test_runs_that_nothing_is_known_of_are_left_alone(instance, tags) -> None:
    run = start_run(instance, tags)
    end_abandoned_runs(instance)
    assert holders(instance) == {run}


def test_runs_of_this_process_are_left_alone(instance) -> None:
    run = start_run(instance, process_tag(instance))
    end_abandoned_runs(instance)
    assert holders(instance) == {run}
