from pathlib import Path

import dagster as dg
import pytest

from facecaption_assets.defs.shards import raw_shards
from facecaption_assets.provenance import Provenance
from facecaption_assets.schema import SHARD_PLAN
from facecaption_assets.shards.tars import read_pictures
from tests.fault_server import FaultServer, jpeg_of, running

SHARD = "web-00000"


@pytest.fixture
def server():
    with running(FaultServer()) as server:
        yield server


@pytest.fixture
def planned(dataset, server):
    """A data root with a plan of one good URL, one that is gone and one that fails for now."""
    rows: list[dict[str, object]] = [
        {
            "key": f"{SHARD}-{row:05d}",
            "source": "web",
            "url": server.base + path,
            "split_group": f"{SHARD}-{row:05d}",
            "status": "planned",
        }
        for row, path in enumerate(("/ok/a.jpg", "/404", "/500"))
    ]
    table = SHARD_PLAN.from_rows(rows)
    dataset.storage.commit(table, Provenance("shard_plan", SHARD, "test"))
    return dataset


def materialize(dataset, instance) -> None:
    instance.add_dynamic_partitions("shards", [SHARD])
    result = dg.materialize(
        [raw_shards],
        partition_key=SHARD,
        instance=instance,
        resources={"dataset": dataset},
        raise_on_error=False,
    )
    assert result.success


def allow_local_network(dataset, more: str = "") -> None:
    text = f"[downloading]\nallow_local_network = true\n{more}"
    dataset.storage.write_text(dataset.storage.profile_file, text)


def test_pictures_behind_urls_are_downloaded_and_a_rebuild_asks_only_for_what_is_worth_it(
    planned, instance, server
) -> None:
    allow_local_network(planned)
    storage = planned.storage
    materialize(planned, instance)
    before = storage.read_provenance("raw_shards", SHARD)
    materialize(planned, instance)
    rows = storage.read_table("raw_shards", SHARD).to_pylist()
    assert [row["status"] for row in rows] == ["success", "missing", "server_error"]
    assert [row["attempts"] for row in rows] == [1, 1, 2]
    assert (server.asked["/ok/a.jpg"], server.asked["/404"], server.asked["/500"]) == (1, 1, 2)
    with storage.open_tar("raw_shards", SHARD) as file:
        assert dict(read_pictures(file)) == {rows[0]["key"]: jpeg_of("/ok/a.jpg")}
    after = storage.read_provenance("raw_shards", SHARD)
    assert after.data_version == before.data_version
    assert not Path(storage.download_spool(SHARD)).exists()


def test_lifting_a_refusal_in_the_profile_makes_the_shard_ask_again(
    planned, instance, server
) -> None:
    materialize(planned, instance)
    rows = planned.storage.read_table("raw_shards", SHARD).to_pylist()
    assert {row["status"] for row in rows} == {"address_refused"}
    allow_local_network(planned)
    materialize(planned, instance)
    rows = planned.storage.read_table("raw_shards", SHARD).to_pylist()
    assert rows[0]["status"] == "success"
