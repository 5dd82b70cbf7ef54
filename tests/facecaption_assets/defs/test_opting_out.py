"""An entry is added when shards are built: which are rebuilt, and what becomes of the row."""

import io

import dagster as dg
import numpy as np
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context
from PIL import Image

from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.building import build_shard, pending
from facecaption_assets.defs.opting_out import apply_opt_outs
from facecaption_assets.defs.registry import add_partitions, register_source, registered_keys
from facecaption_assets.defs.stage import SKIP_CURRENT_TAG
from facecaption_assets.freshness import SHARD_INPUTS
from facecaption_assets.shards.opt_out import OptOutError
from facecaption_assets.shards.sources import Source, add_source
from facecaption_assets.shards.tars import read_pictures

pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

SHARDS = ["mine-00000", "more-00000"]


def drawing(seed: int) -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((400, 400), Image.Resampling.BICUBIC).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def definitions(dataset, instance, tmp_path) -> dg.Definitions:
    """Two shards; the first picture of the second one came from cdn.example.org."""
    folder = tmp_path / "more"
    folder.mkdir()
    for number in range(2):
        (folder / f"{number}.jpg").write_bytes(drawing(number))
    (folder / "0.json").write_text('{"url": "https://cdn.example.org/0.jpg"}')
    add_source(dataset.storage, Source("more", "folder", str(folder)))
    register_source(dataset, "more")
    add_partitions(instance, registered_keys(dataset))
    return build_defs(dataset.home, resources={"dataset": dataset})


@pytest.fixture
def built(definitions, dataset, instance) -> dg.Definitions:
    for shard in SHARDS:
        assert build_shard(definitions, dataset, instance, shard) == []
    return definitions


def opt_out(dataset, *lines: str) -> None:
    storage = dataset.storage
    storage.write_text(storage.opt_out_folder / "list.txt", "\n".join(lines))


def sense(dataset, instance, cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
    context = dg.build_sensor_context(
        instance=instance, resources={"dataset": dataset}, cursor=cursor
    )
    return apply_opt_outs(context)


def run(definitions, instance, shard: str, assets: list[str]) -> dg.ExecuteInProcessResult:
    return definitions.resolve_job_def("build_shards").execute_in_process(
        partition_key=shard,
        asset_selection=[dg.AssetKey(asset) for asset in assets],
        tags={SKIP_CURRENT_TAG: "true"},
        instance=instance,
    )


def launch(definitions, instance, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
    assert request.tags[SKIP_CURRENT_TAG] == "true"
    assets = [key.to_user_string() for key in request.asset_selection]
    return run(definitions, instance, request.partition_key, assets)


@pytest.fixture
def fetched(definitions, instance) -> dg.Definitions:
    """The shards' first two assets alone."""
    for shard in SHARDS:
        assert run(definitions, instance, shard, ["shard_plan", "raw_shards"]).success
    return definitions


def versions(dataset, shard: str) -> dict[str, str]:
    return {a: dataset.storage.read_provenance(a, shard).data_version for a in SHARD_INPUTS}


@pytest.mark.parametrize("kind", ["domain", "phash"])
def test_an_entry_concerns_its_shard_alone_and_may_be_taken_back(
    built, dataset, instance, kind
) -> None:
    storage, shard = dataset.storage, "more-00000"
    before = {name: versions(dataset, name) for name in SHARDS}
    row = storage.read_table("raw_shards", shard).to_pylist()[0]
    opt_out(dataset, {"domain": "example.org", "phash": f"phash:{row['phash']}"}[kind])
    assert pending(dataset, SHARDS) == [shard]

    (request,) = sense(dataset, instance).run_requests
    assert request.partition_key == shard
    result = launch(built, instance, request)
    checks = result.get_asset_check_evaluations()
    (conserved,) = [
        c for c in checks if c.check_name == "rows_conserved" and c.asset_key.path == ["raw_shards"]
    ]
    assert conserved.passed
    assert conserved.metadata[f"opted_out_by_{kind}"].value == 1
    assert pending(dataset, SHARDS) == []
    assert versions(dataset, SHARDS[0]) == before[SHARDS[0]]
    gone, kept = storage.read_table("raw_shards", shard).to_pylist()
    assert (gone["status"], gone["error_message"]) == (
        "opted_out",
        f"on the opt-out list by {kind}",
    )
    with storage.open_tar("raw_shards", shard) as tar:
        assert list(dict(read_pictures(tar))) == [kept["key"]]
    assert storage.read_table("face_crops", shard)["key"].to_pylist() == [kept["key"]]
    assert storage.read_provenance("raw_shards", shard).counts[f"opted_out_by_{kind}"] == 1

    opt_out(dataset)
    assert pending(dataset, SHARDS) == [shard]
    (request,) = sense(dataset, instance).run_requests
    assert launch(built, instance, request).success
    assert {name: versions(dataset, name) for name in SHARDS} == before


def test_a_list_is_applied_once(fetched, dataset, instance) -> None:
    opt_out(dataset, "more-00000-00001")
    first = sense(dataset, instance)
    assert [request.partition_key for request in first.run_requests] == ["more-00000"]
    again = sense(dataset, instance, first.cursor)
    assert isinstance(again, dg.SkipReason)
    opt_out(dataset, "more-00000-00001", "mine-00000-00000")
    changed = sense(dataset, instance, first.cursor)
    assert [request.partition_key for request in changed.run_requests] == SHARDS


def test_the_daemon_may_start_what_the_sensor_asks_for(fetched, dataset, instance) -> None:
    opt_out(dataset, "more-00000-00001")
    location = fetched.get_repository_def()
    context = dg.build_sensor_context(
        instance=instance, resources={"dataset": dataset}, repository_def=location
    )
    with partition_loading_context(dynamic_partitions_store=instance):  # As the daemon does.
        tick = location.get_sensor_def("apply_opt_outs").evaluate_tick(context)
    (request,) = tick.run_requests
    assert request.tags["dagster/partition"] == "more-00000"
    assert {key.to_user_string() for key in request.asset_selection} == {"shard_plan", "raw_shards"}
    assert tick.cursor


def test_many_shards_are_looked_at_in_turns(fetched, dataset, instance, monkeypatch) -> None:
    monkeypatch.setattr("facecaption_assets.defs.opting_out._LOOK_S", 0.0)
    opt_out(dataset, "mine-00000-00000", "more-00000-00000")
    cursor, asked = None, []
    while isinstance(result := sense(dataset, instance, cursor), dg.SensorResult):
        asked.append([request.partition_key for request in result.run_requests])
        cursor = result.cursor
    assert asked == [[shard] for shard in SHARDS]


def test_only_what_is_built_is_rebuilt_from_the_first_covered_asset_on(
    fetched, dataset, instance
) -> None:
    storage = dataset.storage
    opt_out(dataset, storage.read_table("raw_shards", "more-00000")["sha256"][1].as_py())
    (request,) = sense(dataset, instance).run_requests
    assert [key.to_user_string() for key in request.asset_selection] == ["raw_shards"]
    assert launch(fetched, instance, request).success
    statuses = storage.read_table("raw_shards", "more-00000")["status"].to_pylist()
    assert statuses == ["success", "opted_out"]
    assert storage.partitions("face_crops") == []


def test_a_list_that_cannot_be_read_stops_the_sensor_and_the_build(
    definitions, dataset, instance
) -> None:
    opt_out(dataset, "example.org", "photo.jpg")
    with pytest.raises(OptOutError, match=r"list\.txt, line 2"):
        sense(dataset, instance)
    (failure,) = build_shard(definitions, dataset, instance, SHARDS[0])
    assert (failure.asset, failure.check) == ("shard_plan", None)
    assert "list.txt, line 2: 'photo.jpg' is not" in failure.reason
