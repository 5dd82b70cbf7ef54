import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from facecaption_assets.quality.laion_gates import ids_found, rows_conserved_part
from facecaption_assets.shards.laion_building import ASSET, build_laion_part
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.shards.sources import SourceError


@pytest.fixture
def build(storage, laion):
    def run(**changes):
        opt_out = changes.pop("opt_out", OptOut.none())
        provenance = build_laion_part(storage, replace(laion, **changes), opt_out, "03", "code")
        rows = storage.read_table(ASSET, "03").to_pylist()
        return provenance, {row["sample_id"]: row["drop_reason"] for row in rows}

    return run


def test_a_part_is_built_from_its_file_and_its_ids(build, storage) -> None:
    provenance, reasons = build()
    assert reasons == {34: None, 31: None, 32: None, 36: None, 33: None, 35: "not_in_metadata"}
    assert provenance.rows == 6
    assert provenance.counts == {
        "kept": 5,
        "dropped": 1,
        "not_in_metadata": 1,
        "rows_read": 6,
        "repeated_rows": 0,
        "nan_ids": 0,
        "inexact_ids": 0,
    }
    notes = json.loads(storage.notes_path(ASSET, "03").read_text())
    assert notes["missing_listed"] == [35]
    assert notes["ids"]["num_listed"] == 6


def test_building_again_gives_the_same_version_and_a_change_another(build) -> None:
    first, again = build()[0], build()[0]
    assert first == again
    changed, _ = build(opt_out=OptOut.of("https://a.example/31.jpg"))
    assert changed.data_version != first.data_version


def test_metadata_that_the_authors_script_wrote_gives_the_same_rows(build, laion, tmp_path) -> None:
    theirs = tmp_path / "laion_face_meta"
    theirs.mkdir()
    (file,) = [f for f in (tmp_path / "laion400m-meta").iterdir() if "00003" in f.name]
    (theirs / "laion_face_part_00003.parquet").write_bytes(file.read_bytes())
    assert build()[0].data_version == build(metadata=str(theirs))[0].data_version


def test_a_plain_folder_is_searched_for_every_id(build, laion_rows, tmp_path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    for name, ids in {"a": [35, 31], "b": [36, 99]}.items():
        pq.write_table(laion_rows(ids), plain / f"{name}.parquet")
    _, reasons = build(metadata=str(plain))
    assert [i for i, reason in reasons.items() if reason is None] == [35, 31, 36]


@pytest.mark.parametrize("kind", ["folder", "file", "numpy"])
def test_ids_that_are_not_on_the_safe_list_are_dropped(build, laion_rows, tmp_path, kind) -> None:
    safe = [31, 33, 35, 7]
    place = tmp_path / {"folder": "safe", "file": "safe.parquet", "numpy": "safe.npy"}[kind]
    if kind == "numpy":
        np.save(place, np.array(safe))
    elif kind == "file":
        pq.write_table(laion_rows(safe).select(["SAMPLE_ID"]), place)
    else:
        place.mkdir()
        pq.write_table(laion_rows(safe[:2]), place / "1.parquet")
        pq.write_table(laion_rows(safe[2:]), place / "2.parquet")
    _, reasons = build(safe_list=str(place))
    unsafe = dict.fromkeys((32, 34, 36), "not_in_safe_list")
    assert reasons == {31: None, 33: None, 35: "not_in_metadata", **unsafe}


@pytest.mark.parametrize("place", ["/no/such/list.npy", "/no/such/folder"])
def test_a_safe_list_that_is_not_there_stops_the_part(build, place) -> None:
    with pytest.raises(SourceError, match=r"\[laion\] safe_list"):
        build(safe_list=place)


def test_a_safe_list_that_is_a_pickle_is_not_opened(build, tmp_path) -> None:
    np.save(tmp_path / "safe.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(SourceError, match="safe_list"):
        build(safe_list=str(tmp_path / "safe.npy"))


def test_gates_hold_of_a_part_and_fail_when_a_row_is_lost(build, storage) -> None:
    provenance, _ = build()
    table = storage.read_table(ASSET, "03")
    ids = np.arange(31, 37)
    good = rows_conserved_part(ids, table)
    assert good.passed
    assert good.reason == "6 ids = 5 kept + 1 dropped."
    assert not rows_conserved_part(ids, table.slice(1)).passed
    assert not rows_conserved_part(np.arange(30, 36), table).passed
    wrong = table.set_column(
        table.schema.get_field_index("status"), "status", [["kept"] * table.num_rows]
    )
    assert not rows_conserved_part(ids, wrong).passed
    found = ids_found(dict(provenance.counts))
    assert not found.passed
    assert found.reason.startswith("5 of 6 ids were found; of 6 rows read")
