"""What the UI shows as stale: its own GraphQL schema is asked, without a server."""

from collections.abc import Callable, Iterator

import dagster as dg
import pyarrow.parquet as pq
import pytest
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster_graphql.test.utils import execute_dagster_graphql

from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.building import build_laion_parts, build_shard, register, states
from facecaption_assets.freshness import PART_ASSET, SHARD_INPUTS, State

pytestmark = [
    # Great Expectations imports modules that Python has deprecated.
    pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning"),
    # Dagster reads a property of its own schedules that it has deprecated.
    pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`"),
]

SHARD = "laion-face-03-00000"
NODES = """
query Nodes($assets: [AssetKeyInput!], $partition: String) {
  assetNodes(assetKeys: $assets) {
    assetKey { path }
    staleStatus(partition: $partition)
    staleCauses(partition: $partition) { reason }
  }
}
"""
Shown = dict[str, tuple[str, list[str]]]


@pytest.fixture
def shown(dataset, instance, tmp_path) -> Iterator[Callable[[str], Shown]]:
    """Stale status and causes of all shard-level assets of a shard, as the UI gets them."""
    location = tmp_path / "location.py"
    location.write_text(
        "from facecaption_assets.definitions import build_defs\n"
        f"defs = build_defs({dataset.home!r})\n"
    )
    origin = InProcessCodeLocationOrigin(
        LoadableTargetOrigin(python_file=str(location), attribute="defs")
    )
    assets = [{"path": [asset]} for asset in SHARD_INPUTS]

    def ask(shard: str) -> Shown:
        # A context of its own, because one reads the definitions and their versions only once.
        with WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as process:
            context = process.create_request_context()
            variables = {"assets": assets, "partition": shard}
            result = execute_dagster_graphql(context, NODES, variables)
        assert not result.errors, result.errors
        return {
            node["assetKey"]["path"][0]: (
                node["staleStatus"],
                [cause["reason"] for cause in node["staleCauses"]],
            )
            for node in result.data["assetNodes"]
        }

    yield ask


def test_parts_that_are_built_or_change_leave_built_shards_fresh_in_the_ui(
    dataset, instance, web_part, shown
) -> None:
    web_part(dataset.storage, {11: "/ok/11.jpg", 12: "/404"})
    definitions = build_defs(dataset.home, resources={"dataset": dataset})
    assert build_laion_parts(definitions, dataset, instance, ["laion-face-03"]) == []
    assert register(dataset, instance, ["laion-face-03"]) == [SHARD]
    assert shown(SHARD) == dict.fromkeys(SHARD_INPUTS, ("MISSING", []))
    assert build_shard(definitions, dataset, instance, SHARD) == []
    fresh = dict.fromkeys(SHARD_INPUTS, ("FRESH", []))
    assert shown(SHARD) == fresh

    parts = definitions.resolve_job_def("build_laion_parts")
    assert parts.execute_in_process(partition_key="05", instance=instance).success
    assert shown(SHARD) == fresh

    # A part that changed concerns its own shards: the status and the nightly schedule know, by
    # the version that the plan was made from; the UI's edge holds no partition.
    (file,) = (dataset.storage.root / ".." / "web-metadata").resolve().glob("part-00003-*")
    pq.write_table(pq.read_table(file.path).slice(0, 1), file.path)
    assert parts.execute_in_process(partition_key="03", instance=instance).success
    assert shown(SHARD) == fresh
    judged = {(state.asset, state.partition): state for state in states(dataset)}
    assert judged[PART_ASSET, "03"].state is State.DONE
    assert judged["shard_plan", SHARD].reason == "laion_face_metadata of part 03 changed"

    # What is planned anew is stale further down, in the UI as well.
    dataset.storage.write_text(dataset.storage.opt_out_folder / "list.txt", f"{SHARD}-00000\n")
    job = definitions.resolve_implicit_global_asset_job_def()
    only = [dg.AssetKey("shard_plan")]
    job.execute_in_process(partition_key=SHARD, instance=instance, asset_selection=only)
    after = shown(SHARD)
    assert after["shard_plan"][0] == "FRESH"
    assert after["raw_shards"] == ("STALE", ["has a new data version"])
