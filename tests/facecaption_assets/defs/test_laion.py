"""LAION-Face's parts in Dagster: the asset, its checks, and what a new part does to shards."""

import os
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.building import build_laion_parts, register, states
from facecaption_assets.defs.registry import freshness, register_settled_sources
from facecaption_assets.freshness import PART_ASSET, State
from facecaption_assets.shards.laion_part import LaionPart
from facecaption_assets.shards.registration import registered_names
from facecaption_assets.shards.sources import add_laion_parts

SHARD = "laion-face-00-00000"


@pytest.fixture
def dataset(dataset, laion):
    """The dataset of photos, with LAION-Face's files in its profile."""
    lines = [f'{name} = "{getattr(laion, name)}"' for name in ("ids", "metadata")]
    text = "\n".join(["[laion]", *lines, "[shards]", "rows_per_shard = 4", ""])
    dataset.storage.write_text(dataset.storage.profile_file, text)
    return dataset


@pytest.fixture
def definitions(dataset) -> dg.Definitions:
    return build_defs(dataset.home, resources={"dataset": dataset})


@pytest.fixture
def materialize(definitions, instance):
    def run(asset: str, partition: str) -> dg.ExecuteInProcessResult:
        return definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            partition_key=partition,
            instance=instance,
            asset_selection=[dg.AssetKey(asset)],
            raise_on_error=False,
        )

    return run


@pytest.fixture
def stale_statuses(definitions, instance):
    """Statuses of ``shard_plan`` as the UI's stale-status resolver gives them."""

    def read(*shards: str) -> dict[str, StaleStatus]:
        graph = definitions.resolve_asset_graph()
        resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
        return {shard: resolver.get_status(dg.AssetKey("shard_plan"), shard) for shard in shards}

    return read


def change_part_00(laion_rows, laion) -> None:
    (file,) = Path(laion.metadata).glob("part-00000-*")
    pq.write_table(laion_rows([4, 3]), file)


def test_the_part_shows_counts_and_warns_of_ids_that_were_not_found(materialize) -> None:
    result = materialize(PART_ASSET, "03")
    assert result.success
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert checks["rows_conserved"].passed
    assert checks["rows_conserved"].blocking
    assert not checks["ids_found"].passed
    assert checks["ids_found"].severity is dg.AssetCheckSeverity.WARN
    assert checks["ids_found"].metadata["not_in_metadata"].value == 1
    (event,) = result.asset_materializations_for_node(PART_ASSET)
    assert event.metadata["kept"].value == 5
    assert event.metadata["dagster/row_count"].value == 6


def test_a_part_without_its_files_says_which_setting_is_wrong(dataset, materialize) -> None:
    dataset.storage.profile_file.unlink()
    result = materialize(PART_ASSET, "03")
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert "[laion] metadata" in failed.step_failure_data.user_failure_data.description


def test_published_detections_become_a_part_of_their_own_asset(
    dataset, materialize, tmp_path
) -> None:
    import torch

    face = ([1.0, 2.0, 3.0, 4.0], [[1.0, 2.0]] * 5, 0.9)
    torch.save({31: [face], 32: []}, tmp_path / "sample2detect_3.pth")
    text = f'[laion]\ndetections = "{tmp_path}"\n'
    dataset.storage.write_text(dataset.storage.profile_file, text)
    result = materialize("laion_face_detections", "03")
    assert result.success
    assert all(check.passed for check in result.get_asset_check_evaluations())
    (event,) = result.asset_materializations_for_node("laion_face_detections")
    assert event.metadata["pictures"].value == 2


def test_the_lineage_from_part_to_plan_is_in_the_graph(definitions) -> None:
    graph = definitions.resolve_asset_graph()
    plan, part = dg.AssetKey("shard_plan"), dg.AssetKey(PART_ASSET)
    assert part in graph.get(plan).parent_keys
    assert graph.get_partition_mapping(plan, part) == dg.SpecificPartitionsPartitionMapping([])


def test_a_part_is_built_registered_and_planned(
    dataset, definitions, instance, materialize
) -> None:
    add_laion_parts(dataset.storage, "laion-face-00", "00")
    assert build_laion_parts(definitions, dataset, instance, ["laion-face-00"]) == []
    assert register(dataset, instance, ["laion-face-00"]) == [SHARD, "laion-face-00-00001"]
    assert materialize("shard_plan", SHARD).success
    plan = dataset.storage.read_table("shard_plan", SHARD).to_pylist()
    assert [row["url"] for row in plan] == [f"https://a.example/{i}.jpg" for i in (1, 2, 3, 4)]
    judged = {(s.asset, s.partition): s.state for s in states(dataset)}
    assert judged[PART_ASSET, "00"] is State.DONE
    assert judged["shard_plan", SHARD] is State.DONE
    path = dataset.storage.table_path(PART_ASSET, "00")
    written = path.stat().st_mtime_ns
    assert build_laion_parts(definitions, dataset, instance, ["laion-face-00"]) == []
    assert path.stat().st_mtime_ns == written


def test_the_sensor_waits_for_the_part_and_lists_it_once(dataset, materialize, monkeypatch) -> None:
    add_laion_parts(dataset.storage, "laion-face-00", "00")
    (waiting,) = [w for w in register_settled_sources(dataset, quiet_s=0) if "laion" in w]
    assert "laion_face_metadata of 00 is not built" in waiting
    materialize(PART_ASSET, "00")
    assert register_settled_sources(dataset, quiet_s=0) == []
    assert registered_names(dataset.storage, SHARD) == ["1", "2", "3", "4"]

    def never(_) -> list[str]:
        raise AssertionError("the names of an unchanged part were listed again")

    monkeypatch.setattr(LaionPart, "list_names", never)
    assert register_settled_sources(dataset, quiet_s=0) == []


def test_a_new_part_makes_no_built_shard_stale(
    dataset, instance, definitions, materialize, stale_statuses
) -> None:
    add_laion_parts(dataset.storage, "laion-face-00", "00")
    materialize(PART_ASSET, "00")
    register(dataset, instance, ["laion-face-00"])
    built = ("mine-00000", SHARD)
    for shard in built:
        assert materialize("shard_plan", shard).success
    assert stale_statuses(*built) == dict.fromkeys(built, StaleStatus.FRESH)
    assert materialize(PART_ASSET, "03").success
    assert stale_statuses(*built) == dict.fromkeys(built, StaleStatus.FRESH)
    judged = {s.partition: s.state for s in states(dataset) if s.asset == "shard_plan"}
    assert [judged[shard] for shard in built] == [State.DONE] * 2
    # An unbuilt shard is missing, which is not the part's doing.
    assert stale_statuses("laion-face-00-00001") == {"laion-face-00-00001": StaleStatus.MISSING}


def test_a_part_that_changed_concerns_its_own_shards_only(
    dataset, instance, materialize, laion_rows, laion, stale_statuses
) -> None:
    add_laion_parts(dataset.storage, "laion-face-00", "00")
    add_laion_parts(dataset.storage, "laion-face-03", "03")
    for part in ("00", "03"):
        materialize(PART_ASSET, part)
    register(dataset, instance, ["laion-face-00", "laion-face-03"])
    built = (SHARD, "laion-face-03-00000", "mine-00000")
    for shard in built:
        materialize("shard_plan", shard)
    change_part_00(laion_rows, laion)
    assert materialize(PART_ASSET, "00").success
    judged = {s.partition: s for s in states(dataset) if s.asset == "shard_plan"}
    assert judged[SHARD].state is State.STALE
    assert judged[SHARD].reason == "laion_face_metadata of part 00 changed"
    assert judged["laion-face-03-00000"].state is State.DONE
    assert judged["mine-00000"].state is State.DONE
    assert stale_statuses(*built) == dict.fromkeys(built, StaleStatus.FRESH)


@pytest.mark.parametrize("which", ["ids", "metadata", "safe_list"])
def test_a_file_that_changed_in_place_makes_its_parts_stale(
    dataset, laion, materialize, tmp_path, which
) -> None:
    import numpy as np

    safe = tmp_path / "safe.npy"
    np.save(safe, np.arange(40))
    text = dataset.storage.profile_file.read_text(encoding="utf-8")
    changed = text.replace("[laion]", f'[laion]\nsafe_list = "{safe}"')
    dataset.storage.write_text(dataset.storage.profile_file, changed)
    add_laion_parts(dataset.storage, "laion-face-03", "03")
    assert materialize(PART_ASSET, "03").success
    judge = freshness(dataset)
    assert judge.state(PART_ASSET, "03").state is State.DONE
    (part_file,) = Path(laion.metadata).glob("part-00003-*")
    file = {"ids": Path(laion.ids), "metadata": part_file, "safe_list": safe}[which]
    os.utime(file, (1, 1))
    judged = judge.state(PART_ASSET, "03")
    assert (judged.state, judged.reason) == (State.STALE, f"{file} changed")
    assert materialize(PART_ASSET, "03").success
    assert judge.state(PART_ASSET, "03").state is State.DONE


def test_automation_rebuilds_nothing_for_a_new_part_and_a_new_shard_for_itself(
    dataset, instance, definitions, materialize
) -> None:
    add_laion_parts(dataset.storage, "laion-face-00", "00")
    materialize(PART_ASSET, "00")
    register(dataset, instance, ["laion-face-00"])
    for shard in ("mine-00000", SHARD, "laion-face-00-00001"):
        materialize("shard_plan", shard)
    watched = dg.AssetSelection.assets(PART_ASSET, "shard_plan")

    def evaluate(cursor=None):
        return dg.evaluate_automation_conditions(definitions, instance, watched, cursor=cursor)

    def planned(result) -> set[str]:
        return set(result.get_requested_partitions(dg.AssetKey("shard_plan")))

    first = evaluate()
    assert planned(first) == set()
    materialize(PART_ASSET, "03")
    second = evaluate(first.cursor)
    assert planned(second) == set()
    instance.add_dynamic_partitions("shards", ["laion-face-03-00000"])
    third = evaluate(second.cursor)
    assert planned(third) == {"laion-face-03-00000"}
    assert third.get_requested_partitions(dg.AssetKey(PART_ASSET)) in (None, set())
