"""What happens without a click: registering shards, rebuilding changed slices, nightly runs.

https://docs.dagster.io/guides/automate. The registering sensor runs by default; everything that
spends compute is a switch in the UI.
"""

from collections.abc import Iterator

import dagster as dg

from facecaption_assets.defs.jobs import (
    build_report,
    build_shards,
    find_duplicates,
    retry_failed_downloads,
)
from facecaption_assets.defs.partitions import shards
from facecaption_assets.defs.registry import (
    freshness,
    register_settled_sources,
    registered_keys,
    unknown_keys,
)
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.retrying import waiting_in
from facecaption_assets.defs.stage import SKIP_CURRENT_TAG
from facecaption_assets.freshness import State
from facecaption_assets.quality.duplicate_inputs import ASSET as DUPLICATES
from facecaption_assets.schema import WHOLE_DATASET

rebuild_changed_slices = dg.AutomationConditionSensorDefinition(
    name="rebuild_changed_slices",
    target=dg.AssetSelection.groups("sources", "images", "faces", "attributes", "captions")
    | dg.AssetSelection.assets("shard_quality"),
    run_tags={SKIP_CURRENT_TAG: "true"},
    description="Rebuilds exactly the shards and stages that a change concerns. Off until "
    "switched on.",
)


@dg.sensor(
    name="register_sources",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Deals the pictures of new and grown sources into new shards and registers "
    "their keys.",
)
def register_sources(
    context: dg.SensorEvaluationContext, dataset: Dataset
) -> dg.SensorResult | dg.SkipReason:
    """Register what has arrived; start no run."""
    waiting = register_settled_sources(dataset, quiet_s=30.0)
    new = unknown_keys(context.instance, registered_keys(dataset))
    if not new:
        return dg.SkipReason("; ".join(waiting) or "no new pictures")
    return dg.SensorResult(dynamic_partitions_requests=[shards.build_add_request(new)])


@dg.schedule(
    job=build_shards,
    cron_schedule="0 3 * * *",
    description="Every night: one run per shard that is missing, stale or failed. For those who "
    "leave rebuild_changed_slices off.",
)
def nightly_rebuild(
    context: dg.ScheduleEvaluationContext, dataset: Dataset
) -> Iterator[dg.RunRequest]:
    """Request a run for every shard with something to do."""
    judge = freshness(dataset)
    night = context.scheduled_execution_time.date().isoformat()
    for shard in context.instance.get_dynamic_partitions("shards"):
        if not judge.is_done(shard):
            yield dg.RunRequest(
                run_key=f"{shard}-{night}",
                partition_key=shard,
                tags={SKIP_CURRENT_TAG: "true"},
            )


@dg.schedule(
    job=retry_failed_downloads,
    cron_schedule="0 1 * * *",
    description="Every night: one run per shard with URLs that failed and are worth another try.",
)
def nightly_retry(
    context: dg.ScheduleEvaluationContext, dataset: Dataset
) -> Iterator[dg.RunRequest]:
    """Request a run for every shard with a failed download that is worth another try."""
    night = context.scheduled_execution_time.date().isoformat()
    for waiting in waiting_in(dataset, context.instance.get_dynamic_partitions("shards")):
        yield dg.RunRequest(run_key=f"{waiting.shard}-{night}", partition_key=waiting.shard)


@dg.schedule(
    job=find_duplicates,
    cron_schedule="0 5 * * *",
    description="Every morning: the copies among all faces, where a shard has changed.",
)
def nightly_duplicates(
    context: dg.ScheduleEvaluationContext, dataset: Dataset
) -> dg.RunRequest | dg.SkipReason:
    """Request one run, unless the shards are those that were searched."""
    if freshness(dataset).state(DUPLICATES, WHOLE_DATASET).state is State.DONE:
        return dg.SkipReason("no shard has changed")
    return dg.RunRequest(run_key=context.scheduled_execution_time.date().isoformat())


nightly_report = dg.ScheduleDefinition(
    name="nightly_report",
    job=build_report,
    cron_schedule="0 6 * * *",
    description="Every morning: the dataset's report, after the night's shards.",
)
