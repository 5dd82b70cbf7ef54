"""What others have made, through Dagster to face crops: one test per kind of import."""

import json

import dagster as dg
import pytest

from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.building import register
from facecaption_assets.defs.registry import freshness, register_settled_sources
from facecaption_assets.freshness import State
from facecaption_assets.shards.sources import Source, add_source
from tests.fault_server import FaultServer, running
from tests.published_files import write_facecaption, write_image_parquet, write_img2dataset_shard

# Great Expectations imports modules that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")


STAGES = ("shard_plan", "raw_shards", "face_crops")


@pytest.fixture
def crops_of(dataset, instance):
    """Builds an import to its face crops; gives its ledger and its crops."""

    def run(source: Source) -> tuple[list[dict], list[dict]]:
        add_source(dataset.storage, source)
        definitions = build_defs(dataset.home, resources={"dataset": dataset})
        shards = register(dataset, instance, [source.name])
        job = definitions.resolve_implicit_global_asset_job_def()
        for shard in shards:
            result = job.execute_in_process(
                partition_key=shard,
                instance=instance,
                asset_selection=[dg.AssetKey(asset) for asset in STAGES],
            )
            assert all(check.passed for check in result.get_asset_check_evaluations())
            states = [freshness(dataset).state(asset, shard).state for asset in STAGES]
            assert states == [State.DONE] * len(STAGES)
        ledger, crops = (
            [
                row
                for shard in shards
                for row in dataset.storage.read_table(asset, shard).to_pylist()
            ]
            for asset in ("raw_shards", "face_crops")
        )
        fetched = [row["key"] for row in ledger if row["status"] == "success"]
        assert [row["key"] for row in crops] == fetched
        return ledger, crops

    return run


def test_img2dataset_shards_become_face_crops(crops_of, dataset, tmp_path, picture) -> None:
    folder = tmp_path / "tars"
    face, plain = picture(400, 400), picture(64, 48)
    write_img2dataset_shard(folder, 0, {"http://a/0": face, "http://a/1": b"", "http://a/2": plain})
    write_img2dataset_shard(folder, 1, {"http://b/0": b"not a picture"})
    ledger, crops = crops_of(Source("tars", "webdataset", str(folder)))
    assert [row["status"] for row in ledger] == ["success", "missing", "success", "not_an_image"]
    assert ledger[1]["error_message"].endswith("HTTP Error 404: Not Found")
    assert [row["status"] for row in crops] == ["kept", "dropped"]
    assert crops[0]["alt_text"] == "picture 0"
    assert json.loads(ledger[0]["metadata"])["url"] == "http://a/0"

    dataset.storage.write_text(dataset.storage.opt_out_folder / "list.txt", "http://a/0\n")
    state = freshness(dataset).state("shard_plan", "tars-00000")
    assert (state.state, "opt-out" in state.reason) == (State.STALE, True)


def test_a_parquet_file_with_images_becomes_face_crops(crops_of, tmp_path, picture) -> None:
    pictures = [picture(400, 400), None, picture(500, 300, kind="PNG")]
    file = write_image_parquet(
        tmp_path / "set" / "a.parquet", pictures, text=["one", "two", "three"]
    )
    ledger, crops = crops_of(Source("hf", "parquet", str(file.parent)))
    assert [row["status"] for row in ledger] == ["success", "missing", "success"]
    assert [(row["status"], row["alt_text"]) for row in crops] == [
        ("kept", "one"),
        ("kept", "three"),
    ]


def test_faces_of_facecaption_15m_are_downloaded_once_per_picture(
    crops_of, dataset, tmp_path
) -> None:
    dataset.storage.write_text(
        dataset.storage.profile_file, "[downloading]\nallow_local_network = true\n"
    )
    with running(FaultServer()) as server:
        urls = [server.base + path for path in ("/ok/1.jpg", "/ok/1.jpg", "/404")] + ["UNKNOWN"]
        rows = [
            {"_id": f"f{n}", "url": url, "laion_caption": ["web"], "box": f"[{n}, 0, 9, 9]"}
            for n, url in enumerate(urls)
        ]
        file = write_facecaption(tmp_path / "FaceCaption-v2.parquet", rows)
        ledger, crops = crops_of(Source("fc", "facecaption", str(file)))
        assert server.asked["/ok/1.jpg"] == 1
    found = {row["url"].removeprefix(server.base): row for row in ledger}
    statuses = {url: row["status"] for url, row in found.items()}
    assert statuses == {"/ok/1.jpg": "success", "/404": "missing", "facecaption:f3": "bad_url"}
    faces = json.loads(found["/ok/1.jpg"]["metadata"])["faces"]
    assert [face["id"] for face in faces] == ["f0", "f1"]
    assert [row["alt_text"] for row in crops] == ["web"]


def test_the_sensor_waits_for_a_copy_and_lists_unchanged_files_once(
    dataset, tmp_path, picture, monkeypatch
) -> None:
    folder = tmp_path / "tars"
    write_img2dataset_shard(folder, 0, {"http://a/0": picture()})
    add_source(dataset.storage, Source("tars", "webdataset", str(folder)))
    assert "source tars: pictures are still arriving" in register_settled_sources(
        dataset, quiet_s=60
    )
    assert register_settled_sources(dataset, quiet_s=0) == []
    # Nothing has changed, so nothing is listed and nobody has to wait.
    assert not any("tars" in line for line in register_settled_sources(dataset, quiet_s=60))
    (folder / "00001.tar").write_bytes(b"no tar" * 200)
    (broken,) = register_settled_sources(dataset, quiet_s=0)
    assert "00001.tar: not a tar archive" in broken
