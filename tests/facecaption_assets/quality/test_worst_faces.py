from collections.abc import Callable

import pytest

from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.worst_faces import WorstFaces, faces_of, worst_faces
from facecaption_assets.schema import FACE_CROPS
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.storage import Storage

SHARD = "drawn-00000"


@pytest.fixture
def storage(build_home: Callable[..., Storage]) -> Storage:
    """Fourteen kept faces; those of later pictures are surer and less sharp."""
    storage = build_home(shards=1, pictures=20)
    provenance = storage.require_built("face_crops", SHARD)
    rows = storage.read_table("face_crops", SHARD).to_pylist()
    for place, row in enumerate(rows):
        row["det_score"] = 0.5 + place / 100
        if row["status"] == "kept":
            row["sharpness"] = 1000.0 - place
    tar = storage.tar_path("face_crops", SHARD)
    assert tar.exists()
    storage.commit(FACE_CROPS.from_rows(rows), provenance)
    return storage


def found(storage: Storage, opt_out: OptOut) -> dict[str, WorstFaces]:
    with open_tables(storage) as connection:
        return {worst.measure: worst for worst in worst_faces(connection, opt_out)}


def test_the_worst_come_first_by_the_bad_end_of_each_measure(storage: Storage) -> None:
    worst = found(storage, OptOut.none())
    unsure, blurred = worst["detector's score"].faces, worst["sharpness"].faces
    assert len(unsure) == len(blurred) == 8
    assert [value for _, value in unsure] == sorted(value for _, value in unsure)
    assert [value for _, value in blurred] == sorted(value for _, value in blurred)
    kept = [
        row["face_id"]
        for row in storage.read_table("face_crops", SHARD).to_pylist()
        if row["status"] == "kept"
    ]
    assert [face_id for face_id, _ in unsure] == kept[:8]
    assert blurred[0][0] == kept[-1]


def test_measures_that_nobody_took_are_left_out(storage: Storage) -> None:
    assert "CLIP-IQA" not in found(storage, OptOut.none())
    assert "yaw, degrees" not in found(storage, OptOut.none())  # neither end is bad


def test_opted_out_faces_make_room_for_the_next(storage: Storage) -> None:
    before = found(storage, OptOut.none())["detector's score"].faces
    gone = before[0][0].rpartition("-")[0]
    after = found(storage, OptOut.of(gone))["detector's score"].faces
    assert [face for face, _ in after[:7]] == [face for face, _ in before[1:]]
    assert len(after) == 8


def test_a_face_that_is_bad_in_two_ways_is_named_once() -> None:
    each = [WorstFaces("a", "", 0, [("x", 1.0), ("y", 2.0)]), WorstFaces("b", "", 0, [("y", 3.0)])]
    assert faces_of(each) == ["x", "y"]
