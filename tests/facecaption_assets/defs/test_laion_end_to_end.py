"""From LAION's files to face crops: ids and metadata, a part, its shards, a download, faces."""

import pytest

from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.building import build, build_laion_parts, pending, register

# Great Expectations imports modules that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

IN_THE_PART = {11: "/ok/11.jpg", 12: "/ok/12.jpg", 13: "/404", 14: "/500", 15: "/ok/15.jpg"}
NOT_A_FACE = {99: "/ok/99.jpg"}
LOST = 77


@pytest.fixture
def laion_home(dataset, web_part):
    """A data root whose profile names LAION-like files; pictures are on the loopback server."""
    web_part(dataset.storage, {**IN_THE_PART, **NOT_A_FACE}, ids=[*IN_THE_PART, LOST])
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
