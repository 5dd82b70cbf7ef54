"""From LAION's files to face crops: ids and metadata, a part, its shards, a download, faces.

The loopback server sends pictures of the sample; their faces are found by the embedded detector,
and then published for a build without it.
"""

import io
import os
import zipfile
from pathlib import Path

import dagster as dg
import pytest
import torch
from PIL import Image

from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.building import build, build_laion_parts, pending, register
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.models import ModelStore
from tests.fakes import FakeModels
from tests.fault_server import FaultServer, running

# Great Expectations imports modules that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

#: Where the pictures of the ids are on the server; the third one that is there shows nobody.
IN_THE_PART = {
    11: "/pictures/P001-studio_portrait.jpg",
    12: "/pictures/P002-amateur_selfie.jpg",
    13: "/404",
    14: "/500",
    15: "/pictures/template.jpg",
}
NOT_A_FACE = {99: "/ok/99.jpg"}
LOST = 77


class EmbeddedDetector(FakeModels):
    """The dataset with the real detector and fakes of the other models."""

    def detector(self):
        return Dataset.detector(self)


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    """The sample's pictures on the server, by file name."""
    store = ModelStore(Path(os.environ.get("FACECAPTION_MODELS", ".cache/models")))
    found = {}
    with zipfile.ZipFile(store.path("openpeople")) as archive:
        for path in IN_THE_PART.values():
            name = path.rpartition("/")[2]
            if name == "template.jpg":
                (member,) = (n for n in archive.namelist() if "emotions_sheet_template" in n)
                found[name] = archive.read(member)
            elif name.endswith(".jpg"):
                person, kind = name.split("-")
                found[name] = archive.read(f"openpeople/data/curated/{person}/assets/{kind}")
    return found


@pytest.fixture
def server(pictures):
    with running(FaultServer(pictures=pictures)) as server:
        yield server


@pytest.fixture
def laion_home(dataset, web_part, pictures):
    """A data root whose profile names LAION-like files; pictures are on the loopback server."""
    rows = IN_THE_PART | NOT_A_FACE
    sizes = {
        sample: Image.open(io.BytesIO(pictures[path.rpartition("/")[2]])).size
        for sample, path in rows.items()
        if path.startswith("/pictures/")
    }
    web_part(dataset.storage, rows, ids=[*IN_THE_PART, LOST], sizes=sizes)
    return EmbeddedDetector(home=dataset.home, profile_name=dataset.profile_name)


def test_a_part_becomes_face_crops_and_a_second_build_fetches_nothing(
    laion_home, instance, server
) -> None:
    dataset, storage = laion_home, laion_home.storage
    definitions = build_defs(dataset.home, resources={"dataset": dataset})
    assert build_laion_parts(definitions, dataset, instance, ["laion-face-03"]) == []
    part = storage.read_table("laion_face_metadata", "03").to_pylist()
    assert {row["sample_id"]: row["drop_reason"] for row in part} == {
        **dict.fromkeys(IN_THE_PART),
        LOST: "not_in_metadata",
    }

    shards = register(dataset, instance, ["laion-face-03"])
    assert shards == ["laion-face-03-00000", "laion-face-03-00001"]
    assert build(definitions, dataset, instance, shards, lambda *_: None) == []
    ledger = [row for s in shards for row in storage.read_table("raw_shards", s).to_pylist()]
    statuses = {row["url"].removeprefix(server.base): row["status"] for row in ledger}
    assert statuses == {
        IN_THE_PART[11]: "success",
        IN_THE_PART[12]: "success",
        "/404": "missing",
        "/500": "server_error",
        IN_THE_PART[15]: "success",
    }
    assert {row["alt_text"] for row in ledger} == {f"a portrait, number {n}" for n in IN_THE_PART}
    crops = [row for s in shards for row in storage.read_table("face_crops", s).to_pylist()]
    assert [row["key"] for row in crops] == [r["key"] for r in ledger if r["status"] == "success"]
    assert [row["drop_reason"] for row in crops] == [None, None, "no_face"]
    assert all(row["det_score"] > 0.8 for row in crops[:2])

    asked = dict(server.asked)
    assert pending(dataset, shards) == []
    assert asked[IN_THE_PART[11]] == 1
    assert "/ok/99.jpg" not in asked


def publish(crops: list[dict], path: Path) -> None:
    """Write what was found as LAION-Face's authors did: an id's faces, in the files' pixels."""
    found = {
        sample: [(row["bbox_xyxy"], row["landmarks"], row["det_score"])] if row["face_id"] else []
        for sample, row in zip((11, 12, 15), crops, strict=True)
    }
    torch.save(found, path)


@pytest.mark.slow
def test_published_detections_of_the_same_faces_make_the_same_crops(
    laion_home, instance, server, tmp_path
) -> None:
    dataset, storage = laion_home, laion_home.storage
    definitions = build_defs(dataset.home, resources={"dataset": dataset})

    def build_crops() -> list[dict]:
        assert build_laion_parts(definitions, dataset, instance, ["laion-face-03"]) == []
        rows = []
        for shard in register(dataset, instance, ["laion-face-03"]):
            job = definitions.resolve_implicit_global_asset_job_def()
            stages = [dg.AssetKey(name) for name in ("shard_plan", "raw_shards", "face_crops")]
            assert job.execute_in_process(
                partition_key=shard, instance=instance, asset_selection=stages
            ).success
            rows += storage.read_table("face_crops", shard).to_pylist()
        return rows

    looked = build_crops()
    publish(looked, tmp_path / "sample2detect_3.pth")
    text = storage.profile_file.read_text(encoding="utf-8")
    published = [
        text.replace("[laion]", f'[laion]\ndetections = "{tmp_path}"'),
        "[faces]",
        'detections = "laion_face"',
        "retinaface_min_score = 0.5",
    ]
    storage.write_text(storage.profile_file, "\n".join(published) + "\n")
    assert [row["sha256"] for row in looked] == [row["sha256"] for row in build_crops()]
