"""LAION-Face's published detections in Dagster, in the place of the face detector."""

import io
from pathlib import Path

import dagster as dg
import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest
from PIL import Image

from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.building import build_laion_parts, register, states
from facecaption_assets.freshness import State
from facecaption_assets.shards.laion_detections import ASSET as DETECTIONS
from facecaption_assets.shards.sources import add_laion_parts
from tests.fault_server import FaultServer, running

SHARD = "laion-face-00-00000"
FACES = dg.AssetKey("face_crops")
#: A head that leans to the right by 45 degrees, in a picture of 300 by 200.
BOX = [90.0, 40.0, 210.0, 160.0]
POINTS = [[130.0, 60.0], [170.0, 100.0], [130.0, 100.0], [105.0, 110.0], [120.0, 125.0]]
FACE = (BOX, POINTS, 0.99)


def png(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "grey").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def server():
    """Pictures 1, 2, 3 as LAION saw them; 4 at twice the size; 5 of another shape."""
    pictures = {"4.png": png(600, 400), "5.png": png(300, 300)}
    pictures |= {f"{number}.png": png(300, 200) for number in (1, 2, 3)}
    with running(FaultServer(pictures=pictures)) as server:
        yield server


@pytest.fixture
def dataset(dataset, laion, laion_rows, server, tmp_path):
    """The dataset of photos, with LAION-Face's files in its profile; part 00 has five pictures."""
    (file,) = Path(laion.metadata).glob("part-00000-*")
    sizes = {"WIDTH": [300.0] * 5, "HEIGHT": [200.0] * 5}
    urls = [f"{server.base}/pictures/{number}.png" for number in range(1, 6)]
    pq.write_table(laion_rows([1, 2, 3, 4, 5], URL=urls, **sizes), file)
    torch.save({1: [FACE], 2: [], 4: [FACE], 5: [FACE]}, tmp_path / "sample2detect_0.pth")
    torch.save({31: []}, tmp_path / "sample2detect_3.pth")
    lines = [
        "[laion]",
        *(f'{name} = "{getattr(laion, name)}"' for name in ("ids", "metadata")),
        f'detections = "{tmp_path}"',
        "[downloading]",
        "allow_local_network = true",
        "[faces]",
        'detections = "laion_face"',
    ]
    dataset.storage.write_text(dataset.storage.profile_file, "\n".join(lines) + "\n")
    add_laion_parts(dataset.storage, "laion-face-00", "00")
    return dataset


def look_anew(dataset) -> None:
    """Set the profile back to the detector."""
    path = dataset.storage.profile_file
    text = path.read_text(encoding="utf-8").replace('= "laion_face"', '= "detector"')
    dataset.storage.write_text(path, text)


@pytest.fixture
def definitions(dataset) -> dg.Definitions:
    return build_defs(dataset.home, resources={"dataset": dataset})


@pytest.fixture
def materialize(definitions, instance):
    def run(partition: str, *assets: str) -> dg.ExecuteInProcessResult:
        return definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            partition_key=partition,
            instance=instance,
            asset_selection=[dg.AssetKey(asset) for asset in assets],
            raise_on_error=False,
        )

    return run


@pytest.fixture
def crops_of_part_00(dataset, definitions, instance, materialize) -> str:
    """The shard's crops, made from the published detections of its part."""
    assert build_laion_parts(definitions, dataset, instance, ["laion-face-00"]) == []
    assert register(dataset, instance, ["laion-face-00"]) == [SHARD]
    assert materialize(SHARD, "shard_plan", "raw_shards", "face_crops").success
    return SHARD


def state_of_crops(dataset, shard: str = SHARD):
    (state,) = [s for s in states(dataset) if (s.asset, s.partition) == ("face_crops", shard)]
    return state


def failure(result: dg.ExecuteInProcessResult) -> str:
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    return failed.step_failure_data.user_failure_data.description


def test_a_shard_becomes_crops_without_a_detector(dataset, crops_of_part_00) -> None:
    rows = dataset.storage.read_table("face_crops", SHARD).to_pylist()
    assert [(row["key"][-1], row["status"], row["drop_reason"]) for row in rows] == [
        ("0", "kept", None),
        ("1", "dropped", "no_face"),
        ("2", "dropped", "not_in_detections"),
        ("3", "kept", None),
        ("4", "dropped", "detections_do_not_fit"),
    ]
    same, doubled = rows[0], rows[3]
    assert same["bbox_xyxy"] == BOX
    assert doubled["bbox_xyxy"] == [2 * v for v in BOX]
    assert same["bbox_rel"] == doubled["bbox_rel"]
    for row, points in ((same, POINTS), (doubled, 2 * np.array(POINTS))):
        matrix = np.reshape(row["crop_matrix"], (2, 3))
        eyes = np.array(points)[:2] @ matrix[:, :2].T + matrix[:, 2]
        assert eyes[0][1] == pytest.approx(eyes[1][1], abs=1)
    provenance = dataset.storage.require("face_crops", SHARD)
    part = dataset.storage.require(DETECTIONS, "00")
    assert provenance.input_versions[f"{DETECTIONS}/00"] == part.data_version
    assert state_of_crops(dataset).state is State.DONE


def test_a_part_of_detections_is_built_once_and_a_new_origin_makes_the_crops_stale(
    dataset, definitions, instance, crops_of_part_00
) -> None:
    storage = dataset.storage
    judged = {(s.asset, s.partition): s.state for s in states(dataset)}
    assert judged[DETECTIONS, "00"] is State.DONE
    written = storage.table_path(DETECTIONS, "00").stat().st_mtime_ns
    assert build_laion_parts(definitions, dataset, instance, ["laion-face-00"]) == []
    assert storage.table_path(DETECTIONS, "00").stat().st_mtime_ns == written
    look_anew(dataset)
    assert state_of_crops(dataset).reason == "settings or code changed"


def test_with_the_detector_no_part_of_detections_is_needed(
    dataset, definitions, instance, materialize
) -> None:
    look_anew(dataset)
    assert build_laion_parts(definitions, dataset, instance, ["laion-face-00"]) == []
    assert dataset.storage.partitions(DETECTIONS) == []
    assert not any(state.asset == DETECTIONS for state in states(dataset))
    assert materialize("mine-00000", "shard_plan", "raw_shards", "face_crops").success
    read = dataset.storage.require("face_crops", "mine-00000").input_versions
    assert list(read) == ["raw_shards/mine-00000"]


def test_a_shard_whose_part_of_detections_is_not_built_says_so(
    dataset, definitions, instance, materialize
) -> None:
    materialize("00", "laion_face_metadata")
    register(dataset, instance, ["laion-face-00"])
    result = materialize(SHARD, "shard_plan", "raw_shards", "face_crops")
    assert "laion_face_detections of 00 is not built; materialize it first" in failure(result)
    assert dataset.storage.partitions("face_crops") == []


def test_detections_without_their_files_stop_the_build_with_the_settings_name(
    dataset, definitions, instance, tmp_path
) -> None:
    (tmp_path / "sample2detect_0.pth").unlink()
    (found,) = build_laion_parts(definitions, dataset, instance, ["laion-face-00"])
    assert (found.asset, found.shard) == (DETECTIONS, "00")
    assert "[laion] detections" in found.reason


def test_a_source_that_is_not_laion_face_names_the_setting_and_itself(dataset, materialize) -> None:
    result = materialize("mine-00000", "face_crops")
    assert "the setting [faces] detections is 'laion_face', but source mine" in failure(result)
    assert dataset.storage.partitions("face_crops") == []


def test_the_lineage_from_detections_to_crops_is_in_the_graph(definitions) -> None:
    graph = definitions.resolve_asset_graph()
    detections = dg.AssetKey(DETECTIONS)
    assert detections in graph.get(FACES).parent_keys
    mapping = graph.get_partition_mapping(FACES, detections)
    assert mapping == dg.SpecificPartitionsPartitionMapping([])


def test_a_new_part_makes_no_crops_stale_and_a_changed_one_those_that_read_it(
    dataset, definitions, instance, materialize, crops_of_part_00, tmp_path
) -> None:
    def status_in_the_ui() -> StaleStatus:
        graph = definitions.resolve_asset_graph()
        resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
        return resolver.get_status(FACES, SHARD)

    assert status_in_the_ui() is StaleStatus.FRESH
    assert materialize("03", DETECTIONS).success
    assert status_in_the_ui() is StaleStatus.FRESH
    assert state_of_crops(dataset).state is State.DONE
    torch.save({1: [FACE, FACE]}, tmp_path / "sample2detect_0.pth")
    assert materialize("00", DETECTIONS).success
    assert status_in_the_ui() is StaleStatus.FRESH
    state = state_of_crops(dataset)
    assert (state.state, state.reason) == (
        State.STALE,
        "laion_face_detections of part 00 changed",
    )


def test_automation_does_not_wait_for_parts_nor_rebuild_crops_for_one(
    definitions, instance, materialize
) -> None:
    watched = dg.AssetSelection.assets(DETECTIONS, "raw_shards", "face_crops")

    def evaluate(cursor=None):
        return dg.evaluate_automation_conditions(definitions, instance, watched, cursor=cursor)

    first = evaluate()
    assert not first.get_requested_partitions(FACES)
    materialize("mine-00000", "shard_plan", "raw_shards")
    second = evaluate(first.cursor)
    assert set(second.get_requested_partitions(FACES)) == {"mine-00000"}
    materialize("03", DETECTIONS)
    third = evaluate(second.cursor)
    assert not third.get_requested_partitions(FACES)
