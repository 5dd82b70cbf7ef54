"""From LAION's files to face crops: ids and metadata, a part, its shards, a download, faces."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.building import build, build_laion_parts, pending, register
from facecaption_assets.shards.sources import add_laion_parts
from tests.fault_server import FaultServer, running

# Great Expectations imports modules that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

IN_THE_PART = {11: "/ok/11.jpg", 12: "/ok/12.jpg", 13: "/404", 14: "/500", 15: "/ok/15.jpg"}
NOT_A_FACE = {99: "/ok/99.jpg"}
LOST = 77


@pytest.fixture
def server():
    with running(FaultServer()) as server:
        yield server


@pytest.fixture
def laion_home(dataset, server, tmp_path):
    """A data root whose profile names LAION-like files; pictures are on the loopback server."""
    rows = {**IN_THE_PART, **NOT_A_FACE}
    metadata = tmp_path / "metadata"
    metadata.mkdir()
    table = pa.table(
        {
            "SAMPLE_ID": pa.array([float(sample) for sample in rows], pa.float64()),
            "URL": [server.base + path for path in rows.values()],
            "TEXT": [f"a portrait, number {sample}" for sample in rows],
            "HEIGHT": pa.array([300.0] * len(rows)),
            "WIDTH": pa.array([300.0] * len(rows)),
            "LICENSE": ["?"] * len(rows),
            "NSFW": ["UNLIKELY"] * len(rows),
            "similarity": [0.31] * len(rows),
        }
    )
    name = "part-00003-5b54c5d5-bbcf-484d-a2ce-0d6f73df1a36-c000.snappy.parquet"
    pq.write_table(table, metadata / name)
    ids = tmp_path / "laion_face_ids.pth"
    torch.save({3: [*IN_THE_PART, LOST]}, ids)
    lines = [
        "[laion]",
        f'ids = "{ids}"',
        f'metadata = "{metadata}"',
        "[downloading]",
        "allow_local_network = true",
        "[shards]",
        "rows_per_shard = 3",
    ]
    dataset.storage.write_text(dataset.storage.profile_file, "\n".join(lines) + "\n")
    add_laion_parts(dataset.storage, "laion-face-03", "03", None)
    return dataset


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
        "/ok/11.jpg": "success",
        "/ok/12.jpg": "success",
        "/404": "missing",
        "/500": "server_error",
        "/ok/15.jpg": "success",
    }
    assert {row["alt_text"] for row in ledger} == {f"a portrait, number {n}" for n in IN_THE_PART}
    crops = [row for s in shards for row in storage.read_table("face_crops", s).to_pylist()]
    assert [row["key"] for row in crops] == [r["key"] for r in ledger if r["status"] == "success"]

    asked = dict(server.asked)
    assert pending(dataset, shards) == []
    assert asked["/ok/11.jpg"] == 1
    assert "/ok/99.jpg" not in asked
