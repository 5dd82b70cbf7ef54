"""Runs the UI's jobs in this process, for ``facecaption build``."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import dagster as dg

from facecaption_assets.defs.abandoned_runs import end_abandoned_runs, process_tag
from facecaption_assets.defs.narrating import Narrator
from facecaption_assets.defs.registry import (
    add_partitions,
    freshness,
    laion_jobs,
    laion_parts_of,
    register_source,
    registered_keys,
)
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.stage import SKIP_CURRENT_TAG
from facecaption_assets.freshness import REPORT_INPUTS, PartitionState, State
from facecaption_assets.models import ModelUnavailable
from facecaption_assets.quality.duplicate_inputs import ASSET as DUPLICATES
from facecaption_assets.schema import WHOLE_DATASET
from facecaption_assets.shards.registration import registered_shards
from facecaption_assets.shards.sources import SourceError, source_names

#: Dagster's console log repeats what the command prints itself; failures are read off the result.
_QUIET: Final[dict[str, Any]] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Failure:
    """Why a partition was not built: a failed check, or an error.

    Attributes:
        shard: Partition key; empty for an unpartitioned asset.
        asset: Asset that failed.
        check: The check that failed, or None where the stage itself did.
        reason: The check's or the error's own words.
    """

    shard: str
    asset: str
    check: str | None
    reason: str

    def __str__(self) -> str:
        place = f"{self.shard}: {self.asset}" if self.shard else self.asset
        what = f" failed the check {self.check}" if self.check else " failed"
        return f"{place}{what}: {self.reason}"


def register(dataset: Dataset, instance: dg.DagsterInstance, sources: Sequence[str]) -> list[str]:
    """Register what is new, make the instance know it, and return the shards to consider.

    Raises:
        SourceError: If a source is not registered or its pictures are not there.
        ModelUnavailable: If the sample's archive cannot be had.
    """
    names = list(sources) or source_names(dataset.storage)
    for name in names:
        register_source(dataset, name)
    keys = [key for name in names for key in registered_shards(dataset.storage, name)]
    add_partitions(instance, keys)
    return keys


def register_all(dataset: Dataset, instance: dg.DagsterInstance) -> tuple[list[str], list[Failure]]:
    """As ``register`` for every source; one that cannot be used is told and stops no other."""
    failures = []
    for name in source_names(dataset.storage):
        try:
            register_source(dataset, name)
        except (SourceError, ModelUnavailable) as error:
            reason = str(error).removeprefix(f"source {name}: ")
            failures.append(Failure("", f"source {name}", None, reason))
    keys = registered_keys(dataset)
    add_partitions(instance, keys)
    return keys, failures


def why_no_shards(dataset: Dataset, sources: Sequence[str]) -> str:
    """What to say where the named sources, or all, have no shard."""
    names = list(sources) or source_names(dataset.storage)
    if not names:
        return "no shards: add a source first (facecaption add-source NAME --images DIR)"
    return f"no shards: there are no pictures in {', '.join(names)}"


def build_shard(
    definitions: dg.Definitions, dataset: Dataset, instance: dg.DagsterInstance, shard: str
) -> list[Failure]:
    """Run ``build_shards`` for one shard; partitions that are current are left alone."""
    tags = {SKIP_CURRENT_TAG: "true"}
    return _run(definitions, dataset, instance, "build_shards", shard, tags)


def retry_shard(
    definitions: dg.Definitions, dataset: Dataset, instance: dg.DagsterInstance, shard: str
) -> list[Failure]:
    """Run ``retry_failed_downloads`` for one shard."""
    return _run(definitions, dataset, instance, "retry_failed_downloads", shard)


def build_laion_parts(
    definitions: dg.Definitions,
    dataset: Dataset,
    instance: dg.DagsterInstance,
    sources: Sequence[str],
) -> list[Failure]:
    """Build what the profile needs of the sources' LAION-Face parts, where it is not done.

    Raises:
        SourceError: If a source is not registered.
    """
    judge = freshness(dataset)
    parts = laion_parts_of(dataset, list(sources) or source_names(dataset.storage))
    return [
        failure
        for part in parts
        for asset, job in laion_jobs(dataset).items()
        if judge.state(asset, part).state is not State.DONE
        for failure in _run(definitions, dataset, instance, job, part)
    ]


def find_duplicates(
    definitions: dg.Definitions, dataset: Dataset, instance: dg.DagsterInstance
) -> list[Failure]:
    """Run ``find_duplicates`` unless the shards are those that were searched."""
    if freshness(dataset).state(DUPLICATES, WHOLE_DATASET).state is State.DONE:
        return []
    return _run(definitions, dataset, instance, "find_duplicates", "")


def build_report(
    definitions: dg.Definitions, dataset: Dataset, instance: dg.DagsterInstance
) -> list[Failure]:
    """Run ``build_report`` unless the report is current."""
    return _run_unless_done(definitions, dataset, instance, "build_report", "quality_report")


def evaluate_attributes(
    definitions: dg.Definitions, dataset: Dataset, instance: dg.DagsterInstance
) -> list[Failure]:
    """Run ``evaluate_attributes`` unless the evaluation is current."""
    job, asset = "evaluate_attributes", "attribute_evaluation"
    return _run_unless_done(definitions, dataset, instance, job, asset)


def _run_unless_done(
    definitions: dg.Definitions,
    dataset: Dataset,
    instance: dg.DagsterInstance,
    job: str,
    asset: str,
) -> list[Failure]:
    shards = dataset.storage.partitions("shard_plan")
    if freshness(dataset).whole_dataset_state(asset, shards).state is State.DONE:
        return []
    return _run(definitions, dataset, instance, job, "")


def build_whole_dataset(
    definitions: dg.Definitions, dataset: Dataset, instance: dg.DagsterInstance
) -> list[Failure]:
    """Build what reads all shards, in the order in which one reads the other."""
    failures = find_duplicates(definitions, dataset, instance)
    failures += evaluate_attributes(definitions, dataset, instance)
    return failures + build_report(definitions, dataset, instance)


def _run(
    definitions: dg.Definitions,
    dataset: Dataset,
    instance: dg.DagsterInstance,
    job: str,
    partition: str,
    tags: Mapping[str, str] | None = None,
) -> list[Failure]:
    end_abandoned_runs(instance)
    with Narrator(instance, partition) as narrator:
        result = definitions.resolve_job_def(job).execute_in_process(
            partition_key=partition or None,
            instance=instance,
            run_config=_QUIET,
            tags={**process_tag(instance), **(tags or {})},
            run_id=narrator.run_id,
            raise_on_error=False,
        )
    return [] if result.success else _failures(dataset, result, partition)


def _failures(dataset: Dataset, result: dg.ExecuteInProcessResult, shard: str) -> list[Failure]:
    gates = [
        Failure(shard, str(check.asset_key.to_user_string()), check.check_name, verdict.reason)
        for check in result.get_asset_check_evaluations()
        if not check.passed
        for verdict in dataset.storage.failed_gates(
            check.asset_key.to_user_string(), shard or WHOLE_DATASET
        )
        if verdict.check == check.check_name
    ]
    steps = [
        Failure(shard, event.step_key or "", None, _message(event))
        for event in result.all_events
        if event.is_step_failure
    ]
    runs = [
        Failure(shard, "the run", None, _root_message(event.job_failure_data.error))
        for event in result.all_events
        if event.is_job_failure
    ]
    return gates or steps or runs


def _message(event: dg.DagsterEvent) -> str:
    failure = event.step_failure_data.user_failure_data
    if failure is not None and failure.description:
        return str(failure.description)
    return _root_message(event.step_failure_data.error)


def _root_message(error: Any) -> str:
    while error is not None and error.cause is not None:
        error = error.cause
    return str(error.message).strip() if error is not None else "no error was recorded"


def pending(dataset: Dataset, shards: Sequence[str]) -> list[str]:
    """Shards with an asset that is not done."""
    judge = freshness(dataset)
    return [shard for shard in shards if not judge.is_done(shard)]


def build(
    definitions: dg.Definitions,
    dataset: Dataset,
    instance: dg.DagsterInstance,
    shards: Sequence[str],
    tell: Callable[[str, float, list[Failure]], None],
) -> list[Failure]:
    """Build the given shards one after the other, then what reads all shards.

    Args:
        definitions: The code location.
        dataset: Its dataset.
        instance: Where runs and events are kept.
        shards: Partition keys.
        tell: Called after each shard with its key, the seconds it took and its failures.
    """
    failures: list[Failure] = []
    for shard in shards:
        started = time.monotonic()
        failed = build_shard(definitions, dataset, instance, shard)
        tell(shard, time.monotonic() - started, failed)
        failures += failed
    return failures + build_whole_dataset(definitions, dataset, instance)


def states(dataset: Dataset) -> list[PartitionState]:
    """State of every partition of every asset of the location."""
    judge = freshness(dataset)
    storage = dataset.storage
    parts = laion_parts_of(dataset, source_names(storage))
    found = [judge.state(asset, part) for part in parts for asset in laion_jobs(dataset)]
    found += [state for key in registered_keys(dataset) for state in judge.shard_states(key)]
    shards = storage.partitions("shard_plan")
    reports = [judge.whole_dataset_state(asset, shards) for asset in REPORT_INPUTS]
    return [*found, judge.state(DUPLICATES, WHOLE_DATASET), *reports]
