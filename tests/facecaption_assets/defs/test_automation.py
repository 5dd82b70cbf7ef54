import time
from datetime import UTC, datetime

import dagster as dg
import pytest

from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.automation import nightly_rebuild, register_sources
from facecaption_assets.defs.stage import SKIP_CURRENT_TAG
from facecaption_assets.freshness import SHARD_INPUTS
from facecaption_assets.shards.sources import Source, add_source

pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")


@pytest.fixture
def settled(monkeypatch) -> None:
    """Time passes: everything that was copied was copied a while ago."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 3600)


def sense(dataset, instance):
    context = dg.build_sensor_context(instance=instance, resources={"dataset": dataset})
    return register_sources(context)


def test_a_new_source_is_registered_without_a_restart(
    dataset, instance, tmp_path, picture, settled
) -> None:
    more = tmp_path / "more"
    more.mkdir()
    for number in range(3):
        (more / f"{number}.jpg").write_bytes(picture())
    add_source(dataset.storage, Source("more", "folder", str(more), rows_per_shard=2))
    result = sense(dataset, instance)
    (request,) = result.dynamic_partitions_requests
    assert request.partitions_def_name == "shards"
    assert request.partition_keys == ["more-00000", "more-00001"]
    assert not result.run_requests


def test_pictures_that_are_still_arriving_are_left_for_later(
    dataset, instance, photos, picture
) -> None:
    (photos / "new.jpg").write_bytes(picture())
    skipped = sense(dataset, instance)
    assert isinstance(skipped, dg.SkipReason)
    assert "still arriving" in skipped.skip_message


def test_a_source_that_cannot_be_read_is_named_and_holds_nothing_up(
    dataset, instance, tmp_path, settled
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    add_source(dataset.storage, Source("gone", "folder", str(gone)))
    gone.rmdir()
    skipped = sense(dataset, instance)
    assert isinstance(skipped, dg.SkipReason)
    assert "source gone" in skipped.skip_message


def test_the_nightly_schedule_asks_for_what_is_not_done(dataset, instance) -> None:
    definitions = build_defs(dataset.home, resources={"dataset": dataset})
    context = dg.build_schedule_context(
        instance=instance,
        resources={"dataset": dataset},
        scheduled_execution_time=datetime(2026, 1, 2, 3, tzinfo=UTC),
    )
    (request,) = nightly_rebuild(context)
    assert (request.partition_key, request.run_key) == ("mine-00000", "mine-00000-2026-01-02")
    assert request.tags[SKIP_CURRENT_TAG] == "true"
    definitions.resolve_job_def("build_shards").execute_in_process(
        partition_key="mine-00000", instance=instance
    )
    assert list(nightly_rebuild(context)) == []


def evaluate(definitions, instance, cursor=None):
    shard_assets = dg.AssetSelection.assets(*SHARD_INPUTS)
    return dg.evaluate_automation_conditions(definitions, instance, shard_assets, cursor=cursor)


def test_a_new_shard_requests_itself_and_leaves_built_shards_alone(dataset, instance) -> None:
    definitions = build_defs(dataset.home, resources={"dataset": dataset})
    definitions.resolve_job_def("build_shards").execute_in_process(
        partition_key="mine-00000", instance=instance
    )
    first = evaluate(definitions, instance)
    assert first.total_requested == 0
    instance.add_dynamic_partitions("shards", ["mine-00001"])
    second = evaluate(definitions, instance, first.cursor)
    requested = {
        asset: second.get_requested_partitions(dg.AssetKey(asset)) for asset in SHARD_INPUTS
    }
    # The first stage starts; each later one follows when its input is there.
    assert requested["shard_plan"] == {"mine-00001"}
    assert all("mine-00000" not in keys for keys in requested.values())
