"""Another try for failed downloads: which shards, what it gave, and what follows."""

from collections import Counter
from datetime import UTC, datetime

import dagster as dg
import pytest

from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.automation import nightly_retry
from facecaption_assets.defs.building import (
    build,
    build_laion_parts,
    build_report,
    register,
    states,
)
from facecaption_assets.defs.retrying import announce, retry, shards_of, summarize, waiting_in
from facecaption_assets.freshness import SHARD_INPUTS, State
from facecaption_assets.shards.sources import SourceError

# Great Expectations imports modules that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

WAITING, SETTLED = "laion-face-03-00000", "laion-face-03-00001"
PATHS = {11: "/ok/11.jpg", 12: "/500", 13: "/403", 14: "/404", 15: "/ok/15.jpg", 16: "/noai"}


@pytest.fixture
def definitions(dataset, web_part) -> dg.Definitions:
    web_part(dataset.storage, PATHS, settings="max_attempts = 3")
    return build_defs(dataset.home, resources={"dataset": dataset})


@pytest.fixture
def fetched(dataset, instance, definitions):
    """Two shards of URLs, downloaded: one with two URLs worth another try, one with none."""
    assert build_laion_parts(definitions, dataset, instance, []) == []
    register(dataset, instance, [])
    job = definitions.resolve_implicit_global_asset_job_def()
    first = [dg.AssetKey(asset) for asset in ("shard_plan", "raw_shards")]
    for shard in (WAITING, SETTLED):
        job.execute_in_process(partition_key=shard, instance=instance, asset_selection=first)
    return dataset


@pytest.fixture
def built(fetched, instance, definitions):
    """The shard with URLs worth another try, taken through all stages."""
    assert build(definitions, fetched, instance, [WAITING], lambda *_: None) == []
    return fetched


@pytest.fixture
def try_again(fetched, instance, definitions):
    def run():
        waiting = waiting_in(fetched, shards_of(fetched, []))
        return retry(definitions, fetched, instance, waiting, lambda done: None)

    return run


def written(dataset, shard: str) -> dict[str, int]:
    places = {asset: dataset.storage.table_path(asset, shard) for asset in SHARD_INPUTS}
    return {asset: path.stat().st_mtime_ns for asset, path in places.items() if path.exists()}


def report_state(dataset) -> State:
    return next(s.state for s in states(dataset) if s.asset == "quality_report")


def test_shards_of_urls_with_something_worth_another_try_are_listed(fetched) -> None:
    (waiting,) = waiting_in(fetched, shards_of(fetched, []))
    assert str(waiting) == f"{WAITING}: 2 of 3 (1 http_500, 1 http_403)"
    assert announce([waiting], 3) == "2 URLs are worth another try, in 1 of 3 shards"
    assert shards_of(fetched, ["mine"]) == ["mine-00000"]
    assert (
        announce(waiting_in(fetched, ["mine-00000"]), 1) == "No URL of 1 shard is worth another try"
    )


def test_an_unknown_source_is_refused(fetched) -> None:
    with pytest.raises(SourceError, match="no source 'unknown' is registered"):
        shards_of(fetched, ["unknown"])


def test_what_comes_back_goes_through_the_stages_that_follow_and_attempts_have_an_end(
    built, try_again, server
) -> None:
    files, report = written(built, WAITING), built.storage.read_report_provenance("quality_report")
    (done,), failures = try_again()
    assert (done.tried, done.recovered, failures) == (2, 0, [])
    same = written(built, WAITING)
    assert {asset for asset in SHARD_INPUTS if same[asset] != files[asset]} == {"raw_shards"}

    server.mended.add("/500")
    (done,), failures = try_again()
    assert failures == []
    assert (done.shard, done.tried, done.recovered) == (WAITING, 2, 1)
    assert done.still_failing == Counter(http_403=1)
    assert summarize([done]) == "2 tried, 1 recovered, 1 still failing (1 http_403)"
    crops = built.storage.read_table("face_crops", WAITING).to_pylist()
    assert [row["key"] for row in crops] == [f"{WAITING}-00000", f"{WAITING}-00001"]
    assert built.storage.read_report_provenance("quality_report") != report

    assert try_again() == ([], [])
    asked = {path: server.asked[path] for path in PATHS.values()}
    assert asked == {**dict.fromkeys(PATHS.values(), 1), "/500": 3, "/403": 3}


def test_a_shard_whose_plan_is_gone_says_so_and_was_not_asked(fetched, try_again, server) -> None:
    fetched.storage.table_path("shard_plan", WAITING).unlink()
    (done,), failures = try_again()
    assert (done.tried, done.recovered, done.still_failing.total()) == (0, 0, 2)
    assert "shard_plan" in str(failures[0])
    assert server.asked["/500"] == 1


@pytest.mark.parametrize(("shard", "is_asked"), [(WAITING, True), (SETTLED, False)])
def test_the_job_leaves_a_shard_alone_where_nothing_is_worth_it(
    fetched, definitions, instance, server, shard, is_asked
) -> None:
    before = written(fetched, shard)
    job = definitions.resolve_job_def("retry_failed_downloads")
    only = [dg.AssetKey("raw_shards")]
    assert job.execute_in_process(
        partition_key=shard, instance=instance, asset_selection=only
    ).success
    assert (written(fetched, shard) != before) is is_asked
    assert server.asked["/500"] == 1 + is_asked


def test_the_report_is_stale_when_the_ledger_of_a_half_built_shard_changes(
    fetched, definitions, instance, server
) -> None:
    assert build_report(definitions, fetched, instance) == []
    assert report_state(fetched) is State.DONE
    server.mended.add("/500")
    job = definitions.resolve_job_def("retry_failed_downloads")
    only = [dg.AssetKey("raw_shards")]
    job.execute_in_process(partition_key=WAITING, instance=instance, asset_selection=only)
    assert report_state(fetched) is State.STALE


def test_the_nightly_schedule_asks_for_shards_with_something_worth_it(fetched, instance) -> None:
    context = dg.build_schedule_context(
        instance=instance,
        resources={"dataset": fetched},
        scheduled_execution_time=datetime(2026, 1, 2, 1, tzinfo=UTC),
    )
    (request,) = nightly_retry(context)
    assert (request.partition_key, request.run_key) == (WAITING, f"{WAITING}-2026-01-02")
