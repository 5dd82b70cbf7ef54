import os

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from facecaption_assets.long_tables import LongTableWriter
from facecaption_assets.quality.laion_gates import faces_well_formed, rows_conserved_detections
from facecaption_assets.schema import LAION_FACE_DETECTIONS
from facecaption_assets.shards.laion_detections import (
    ASSET,
    build_detections,
    read_detections,
    write_detections,
)
from facecaption_assets.shards.laion_settings import LaionSettings
from facecaption_assets.shards.pth_files import UnsafeFile
from facecaption_assets.shards.sources import SourceError

BOX = np.array([10, 20, 30, 40], np.float32)
POINTS = np.arange(10, dtype=np.float32).reshape(5, 2)


def read(tmp_path, detections) -> list[dict]:
    path = tmp_path / "sample2detect_3.pth"
    torch.save(detections, path)
    writer = LongTableWriter(tmp_path / "out.parquet", LAION_FACE_DETECTIONS.arrow)
    assert write_detections(path, writer)["pictures"] == len(detections)
    writer.finish()
    writer.close({})
    return pq.read_table(tmp_path / "out.parquet").to_pylist()


@pytest.mark.parametrize(
    "face",
    [
        (BOX, POINTS, np.float32(0.75)),
        [BOX.tolist(), POINTS.tolist(), 0.75],
        (torch.tensor(BOX), torch.tensor(POINTS), torch.tensor(0.75)),
    ],
    ids=["arrays", "lists", "tensors"],
)
def test_faces_come_from_arrays_lists_and_tensors(tmp_path, face) -> None:
    (row,) = read(tmp_path, {7: [face]})
    assert row == {
        "sample_id": 7,
        "face_index": 0,
        "status": "found",
        "error_message": None,
        "bbox_xyxy": BOX.tolist(),
        "landmarks": POINTS.tolist(),
        "det_score": 0.75,
    }


def test_every_picture_has_a_row_in_the_order_of_the_ids(tmp_path) -> None:
    face = (BOX, POINTS, 0.9)
    rows = read(tmp_path, {9: [face, face], 2: [], 5: None})
    assert [(row["sample_id"], row["face_index"], row["status"]) for row in rows] == [
        (2, None, "no_face"),
        (5, None, "malformed"),
        (9, 0, "found"),
        (9, 1, "found"),
    ]


@pytest.mark.parametrize(
    "face",
    [
        (BOX, POINTS),
        (BOX[:3], POINTS, 0.9),
        (BOX, POINTS[:4], 0.9),
        (BOX * np.nan, POINTS, 0.9),
        (BOX, POINTS, 7.0),
        ("a", "b", "c"),
        5,
    ],
)
def test_a_face_that_is_none_is_a_row_that_says_so(tmp_path, face) -> None:
    (row,) = read(tmp_path, {1: [face]})
    assert row["status"] == "malformed"
    assert row["error_message"]
    assert row["bbox_xyxy"] is None


def test_a_file_that_would_run_code_is_refused(tmp_path) -> None:
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "mark"),)

    with pytest.raises(UnsafeFile, match=r"asks for posix\.mkdir"):
        read(tmp_path, {1: Evil()})
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("content", [[1, 2], {"a": []}])
def test_a_file_that_is_no_dict_of_ids_is_refused(tmp_path, content) -> None:
    torch.save(content, tmp_path / "x.pth")
    writer = LongTableWriter(tmp_path / "out.parquet", LAION_FACE_DETECTIONS.arrow)
    with pytest.raises(UnsafeFile, match="is not a dict from SAMPLE_IDs"):
        write_detections(tmp_path / "x.pth", writer)


def test_a_part_is_committed_and_holds_its_gates(storage, tmp_path) -> None:
    face = (BOX, POINTS, 0.9)
    torch.save({7: [face, (BOX,)], 8: []}, tmp_path / "sample2detect_3.pth")
    settings = LaionSettings(detections=str(tmp_path))
    provenance = build_detections(storage, settings, "03", "code")
    assert provenance.counts == {"pictures": 2, "found": 1, "malformed": 1, "no_face": 1}
    table = storage.read_table(ASSET, "03")
    assert table["sample_id"].to_pylist() == [7, 7, 8]
    assert rows_conserved_detections(table, 2).passed
    assert not rows_conserved_detections(table, 3).passed
    assert not faces_well_formed(table).passed
    assert read_detections(storage, "03", np.array([8, 7, 1])).equals(table)
    assert faces_well_formed(table.slice(2)).passed


@pytest.mark.parametrize("folder", ["", "/no/such/folder"])
def test_a_file_that_is_not_there_names_the_setting(storage, folder) -> None:
    with pytest.raises(SourceError, match=r"\[laion\] detections.*sample2detect_3\.pth"):
        build_detections(storage, LaionSettings(detections=folder), "03", "code")


def test_a_part_of_a_malicious_file_names_the_setting(storage, tmp_path) -> None:
    (tmp_path / "sample2detect_0.pth").write_bytes(b"cposix\nsystem\n(S'true'\ntR.")
    with pytest.raises(SourceError, match=r"\[laion\] detections.*asks for posix\.system"):
        build_detections(storage, LaionSettings(detections=str(tmp_path)), "00", "code")
    assert storage.partitions(ASSET) == []
