"""The search over tables in a data root; how two faces compare is tested on its own."""

import hashlib
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from facecaption_assets.provenance import Provenance, Verdict
from facecaption_assets.quality import duplicates
from facecaption_assets.quality.duplicate_settings import DuplicateSettings
from facecaption_assets.quality.duplicates import SearchOutOfMemory, build_duplicates
from facecaption_assets.schema import FACE_CROPS, RAW_SHARDS
from facecaption_assets.storage import Storage

Row = dict[str, Any]
SETTINGS = DuplicateSettings(memory_mb=256, threads=1)
BOX = [0.25, 0.25, 0.75, 0.75]


def digits(number: int, bits: int = 64) -> str:
    return f"{number:0{bits // 4}x}"


def look(seed: int) -> Row:
    """The hashes of a picture that is unlike those of other seeds."""
    random = np.random.default_rng(seed)
    short, *parts, crop = (int(n) for n in random.integers(0, 2**64, 6, np.uint64))
    return {"short": short, "long": int("".join(map(digits, parts)), 16), "crop": crop}


def face(name: str, side: int = 200, **look: Any) -> Row:
    """A picture with one face; its shard is the name's first part."""
    return {"key": name, "side": side, "sha256": hashlib.sha256(name.encode()).hexdigest()} | look


def rows_of(given: Row) -> tuple[Row, Row]:
    key = given["key"]
    common = {"key": key, "split_group": key}
    raw = {"url": f"file:///{key}", "status": "success"}
    if given["short"] is not None:
        raw |= {"phash": digits(given["short"]), "phash256": digits(given["long"], 256)}
    crop = {
        "face_id": f"{key}-0",
        "status": "kept",
        "bbox_rel": given.get("box", BOX),
        "width": given["side"],
        "height": given["side"],
        "canny_edge_density": given.get("sharpness", 0.1),
        "det_score": given.get("score", 0.8),
        "sha256": given["sha256"],
        "phash": digits(given["crop"]),
    }
    return common | raw, common | crop


@pytest.fixture
def search(storage: Storage) -> Callable[..., dict[str, tuple[str, str]]]:
    """Stores faces by shard, searches, and gives the dropped ones: kept face and reason."""

    def run(*faces: Row, settings: DuplicateSettings = SETTINGS) -> dict[str, tuple[str, str]]:
        shards: dict[str, list[tuple[Row, Row]]] = {}
        for one in faces:
            shards.setdefault(one["key"].rpartition("-")[0], []).append(rows_of(one))
        for shard, rows in shards.items():
            raw = RAW_SHARDS.from_rows([raw for raw, _ in rows])
            storage.commit(raw, Provenance("raw_shards", shard, "v1"))
            crops = FACE_CROPS.from_rows([crop for _, crop in rows])
            storage.commit(crops, Provenance("face_crops", shard, "v1"))
        found = build_duplicates(storage, settings, "v1")
        rows = storage.read_table("duplicate_faces", "all").to_pylist()
        dropped = {r["face_id"]: (r["group_id"], r["reason"]) for r in rows if not r["is_kept"]}
        assert found.counts["faces"] == len(faces) == found.counts["kept"] + len(dropped)
        assert found.counts["groups"] == len(rows) - len(dropped)
        return dropped

    return run


def test_a_copy_in_another_shard_is_dropped_for_the_larger_one(search) -> None:
    small = face("b-00000-00000", side=100, **look(1))
    large = face("a-00000-00000", side=300, **look(1))
    other = face("a-00000-00001", **look(2))
    assert search(small, large, other) == {"b-00000-00000-0": ("a-00000-00000-0", "near")}


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"side": 201, "sharpness": 0.1}, {"side": 200, "sharpness": 0.2}),
        ({"sharpness": 0.2, "score": 0.7}, {"sharpness": 0.1, "score": 0.9}),
        ({"score": 0.9}, {"score": 0.8}),
    ],
)
def test_the_best_is_larger_then_sharper_then_surer(search, better, worse) -> None:
    first = face("a-00000-00000", **look(1) | worse)
    second = face("b-00000-00000", **look(1) | better)
    assert search(first, second) == {"a-00000-00000-0": ("b-00000-00000-0", "near")}


def test_equal_crops_are_exact_copies_even_without_hashes(search) -> None:
    blank = {"short": None, "crop": 0, "sha256": "ab" * 32}
    faces = [face(f"{shard}-00000-00000", **blank) for shard in "bca"]
    kept = ("a-00000-00000-0", "exact")
    assert search(*faces) == {"b-00000-00000-0": kept, "c-00000-00000-0": kept}


def test_an_exact_copy_of_a_dropped_face_belongs_to_the_kept_one(search, storage) -> None:
    best = face("a-00000-00000", side=300, **look(1))
    near = look(1) | {"long": look(1)["long"] ^ 0b111, "sha256": "ab" * 32}
    copies = [face(f"{shard}-00000-00000", **near) for shard in "bc"]
    kept = ("a-00000-00000-0", "near")
    assert search(best, *copies) == {"b-00000-00000-0": kept, "c-00000-00000-0": kept}
    rows = storage.read_table("duplicate_faces", "all").to_pylist()
    assert [row["distance"] for row in rows] == [0, 3, 3]


def test_near_and_equal_looks_are_compared_place_by_place(search) -> None:
    near = look(1) | {"short": look(1)["short"] ^ 0b1111, "long": look(1)["long"] ^ 0b1}
    elsewhere = [0.0, 0.0, 0.2, 0.2]
    faces = [
        face("a-00000-00000", side=300, **look(1)),
        face("a-00000-00001", side=290, **look(1), box=elsewhere),
        face("b-00000-00000", side=280, **near),
        face("b-00000-00001", side=270, **near, box=elsewhere),
    ]
    assert search(*faces) == {
        "b-00000-00000-0": ("a-00000-00000-0", "near"),
        "b-00000-00001-0": ("a-00000-00001-0", "near"),
    }


def test_the_result_does_not_depend_on_the_order_of_rows_or_the_threads(search, storage) -> None:
    random = np.random.default_rng(3)
    faces = []
    for number in range(60):
        given = look(number % 20)
        for bit in random.choice(256, 8):
            given["long"] ^= 1 << int(bit)
        faces.append(face(f"a-00000-{number:05d}", side=int(random.integers(100, 104)), **given))
    first = search(*faces)
    version = storage.read_provenance("duplicate_faces", "all").data_version
    assert 10 < len(first) < 60
    again = search(*reversed(faces), settings=DuplicateSettings(memory_mb=512, threads=2))
    assert again == first
    assert storage.read_provenance("duplicate_faces", "all").data_version == version


def test_dropped_crops_and_shards_behind_a_failed_gate_are_not_searched(search, storage) -> None:
    faces = [face(f"{shard}-00000-00000", **look(1)) for shard in "abc"]
    search(*faces)
    version = storage.read_provenance("face_crops", "c-00000").data_version
    storage.record_verdict("face_crops", "c-00000", Verdict("x", False, True, "no", version))
    dropped = [rows_of(faces[1])[1] | {"status": "dropped", "drop_reason": "too_small"}]
    storage.commit(FACE_CROPS.from_rows(dropped), Provenance("face_crops", "b-00000", "v1"))
    found = build_duplicates(storage, SETTINGS, "v1")
    assert found.counts["faces"] == found.counts["kept"] == 1
    assert {name.split("/")[1] for name in found.input_versions} == {"a-00000", "b-00000"}


def test_tables_of_before_the_long_hash_are_searched_for_exact_copies(search, storage) -> None:
    faces = [face(f"{shard}-00000-00000", **look(1)) for shard in "ab"]
    search(*faces)
    path = storage.table_path("raw_shards", "b-00000").path
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["phash256"]), path)
    found = build_duplicates(storage, SETTINGS, "v1")
    assert (found.counts["dropped"], found.counts["without_hash"]) == (0, 1)


def test_no_faces_give_an_empty_table(storage) -> None:
    found = build_duplicates(storage, SETTINGS, "v1")
    assert found.rows == 0
    assert set(found.counts.values()) == {0}


def test_too_little_memory_is_told_with_its_setting(storage, monkeypatch) -> None:
    def fill(*_: object) -> None:
        raise duckdb.OutOfMemoryException("could not allocate block")

    monkeypatch.setattr(duplicates, "_load", fill)
    with pytest.raises(SearchOutOfMemory, match=r"\[duplicates\] memory_mb = 256 is too little"):
        build_duplicates(storage, SETTINGS, "v1")
