"""Both code locations load, and every asset has what a user of the UI expects of it."""

import subprocess
import sys

import dagster as dg
import pytest

from facecaption_assets.definitions import build_defs as build_dataset_defs
from facecaption_assets.defs.compute import GPU
from facecaption_assets.freshness import PART_ASSET, SHARD_INPUTS
from facecaption_assets.schema import PART_TABLES
from flip_training.definitions import build_defs as build_training_defs

GPU_ASSETS = {
    *("face_crops", "image_scores", "face_attributes", "synthetic_captions", "llm_captions"),
    "image_text_scores",
    *("flip_checkpoints", "flip_retrieval"),
}


@pytest.fixture(scope="module")
def locations(tmp_path_factory) -> dict[str, dg.Definitions]:
    home = str(tmp_path_factory.mktemp("home"))
    return {"dataset": build_dataset_defs(home), "training": build_training_defs(home)}


@pytest.fixture(scope="module")
def assets(locations) -> list[dg.AssetsDefinition]:
    return [
        asset
        for definitions in locations.values()
        for asset in definitions.resolve_asset_graph().assets_defs
        if asset.is_executable and not asset.has_check_keys
    ]


def test_the_assets_are_those_of_the_design(assets) -> None:
    assert {asset.key.to_user_string() for asset in assets} == {
        PART_ASSET,
        "laion_face_detections",
        *SHARD_INPUTS,
        "attribute_evaluation",
        "duplicate_faces",
        "quality_report",
        "training_sets",
        "flip_checkpoints",
        "flip_retrieval",
    }


def test_every_asset_says_what_it_is_and_whose(assets) -> None:
    for asset in assets:
        spec = asset.get_asset_spec()
        assert spec.description, spec.key
        assert spec.owners, spec.key
        assert spec.kinds, spec.key
        assert spec.group_name != "default", spec.key
        assert spec.code_version, spec.key
        assert "facecaption/compute" in spec.tags, spec.key


def test_every_partitioned_asset_shows_its_columns(assets) -> None:
    for asset in assets:
        if asset.partitions_def is not None:
            assert "dagster/column_schema" in asset.get_asset_spec().metadata, asset.key


def test_gpu_assets_carry_pool_tag_and_cluster_tags_alike(assets) -> None:
    for asset in assets:
        name = asset.key.to_user_string()
        needs_gpu = name in GPU_ASSETS
        assert (asset.op.pool == "gpu") is needs_gpu, name
        assert (asset.get_asset_spec().tags["facecaption/compute"] == "gpu") is needs_gpu, name
        assert ("dagster-k8s/config" in asset.op.tags) is needs_gpu, name
        assert ("dagster-ray/config" in asset.op.tags) is needs_gpu, name
    assert GPU["pool"] == "gpu"


@pytest.mark.parametrize("asset", SHARD_INPUTS)
def test_every_shard_asset_has_a_conservation_gate_and_a_gate_on_its_content(
    locations, asset
) -> None:
    graph = locations["dataset"].resolve_asset_graph()
    keys = graph.get(dg.AssetKey(asset)).check_keys
    gates = {key.name: graph.get(key) for key in keys}
    assert "rows_conserved" in gates
    assert len([gate for gate in gates.values() if gate.blocking]) >= 2
    assert gates["rows_conserved"].blocking
    assert all(gate.partitions_def is not None for gate in gates.values())


def test_shard_edges_are_identities_and_no_backfill_policy_is_set(locations) -> None:
    graph = locations["dataset"].resolve_asset_graph()
    for asset, inputs in SHARD_INPUTS.items():
        node = graph.get(dg.AssetKey(asset))
        assert node.backfill_policy is None
        parents = {key for key in node.parent_keys if key.to_user_string() not in PART_TABLES}
        assert {key.to_user_string() for key in parents} == set(inputs)
        for parent in parents:
            mapping = graph.get_partition_mapping(node.key, parent)
            assert isinstance(mapping, dg.IdentityPartitionMapping)


def test_rebuilding_is_a_switch_and_registering_and_opting_out_are_on(locations) -> None:
    definitions = locations["dataset"]
    on = dg.DefaultSensorStatus.RUNNING
    status = {sensor.name: sensor.default_status for sensor in definitions.sensors or []}
    assert status == {
        "apply_opt_outs": on,
        "register_sources": on,
        "rebuild_changed_slices": dg.DefaultSensorStatus.STOPPED,
    }


@pytest.mark.parametrize("location", ["facecaption_assets", "flip_training"])
def test_a_location_loads_without_the_heavy_packages(location, tmp_path) -> None:
    heavy = ("torch", "ultralytics", "transformers", "great_expectations", "mediapipe", "openai")
    code = (
        f"import sys, {location}.definitions; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"FACECAPTION_HOME": str(tmp_path), "PATH": ""},
    )
    assert run.stdout.strip() == "[]"
