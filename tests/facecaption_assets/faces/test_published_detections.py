import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from facecaption_assets.faces.alignment import roll_degrees
from facecaption_assets.faces.face_crops import build_face_crops
from facecaption_assets.faces.finding import Findings
from facecaption_assets.faces.published_detections import PublishedDetections
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.quality.contents import boxes_inside_image
from facecaption_assets.quality.gates import rows_conserved_crops
from facecaption_assets.schema import LAION_FACE_DETECTIONS, RAW_SHARDS
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.shards.tars import read_members

SETTINGS = FaceSettings(detections="laion_face", min_side_px=20)
BOX = [40.0, 30.0, 76.0, 66.0]
POINTS = [[50.0, 40.0], [66.0, 40.0], [58.0, 48.0], [52.0, 56.0], [64.0, 56.0]]
FOUND = {"status": "found", "bbox_xyxy": BOX, "landmarks": POINTS, "det_score": 0.99}


def published(*rows: dict[str, Any]) -> PublishedDetections:
    return PublishedDetections(LAION_FACE_DETECTIONS.from_rows(list(rows)))


def ledger_row(sample_id: int, **changes: Any) -> dict[str, Any]:
    return {
        "key": f"laion-face-03-00000-{sample_id:05d}",
        "url": f"https://a.example/{sample_id}.png",
        "metadata": json.dumps({"sample_id": sample_id, "width": 120, "height": 80}),
        "split_group": "x",
        "status": "success",
        "original_width": 120,
        "original_height": 80,
        "exif_orientation": 1,
        **changes,
    }


def find(faces: PublishedDetections, row: dict[str, Any], width=120, height=80) -> Findings:
    (findings,) = faces.find([row], [np.zeros((height, width, 3), np.uint8)])
    return findings


def png(width: int = 120, height: int = 80) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


def test_faces_are_looked_up_by_the_id_in_the_metadata() -> None:
    faces = published(
        {"sample_id": 5, "face_index": 0, **FOUND},
        {"sample_id": 7, "face_index": 0, **FOUND},
        {"sample_id": 7, "face_index": 1, **FOUND, "bbox_xyxy": [0, 0, 30, 30]},
        {"sample_id": 7, "face_index": 2, "status": "malformed", "error_message": "no box"},
        {"sample_id": 9, "face_index": 0, **FOUND},
    )
    assert [face.bbox_xyxy for face in find(faces, ledger_row(7)).faces] == [
        tuple(BOX),
        (0, 0, 30, 30),
    ]


@pytest.mark.parametrize(
    ("sample_id", "reason", "message"),
    [
        (1, "no_face", "says that it has no face"),
        (2, "no_face", "has 1 malformed faces of it"),
        (3, "not_in_detections", "no such SAMPLE_ID"),
        (10**18, "not_in_detections", "no such SAMPLE_ID"),
    ],
)
def test_no_face_and_not_looked_at_are_told_apart(sample_id, reason, message) -> None:
    faces = published(
        {"sample_id": 1, "status": "no_face"},
        {"sample_id": 2, "status": "malformed", "error_message": "faces are None"},
        {"sample_id": 4, "face_index": 0, **FOUND},
    )
    findings = find(faces, ledger_row(sample_id))
    assert (list(findings.faces), findings.drop_reason) == ([], reason)
    assert message in findings.error_message


def test_a_picture_of_another_size_has_its_faces_scaled() -> None:
    faces = published({"sample_id": 1, "face_index": 0, **FOUND})
    row = ledger_row(1, original_width=240, original_height=160)
    (face,) = find(faces, row, 240, 160).faces
    assert face.bbox_xyxy == (80, 60, 152, 132)
    assert face.landmarks == tuple((2 * x, 2 * y) for x, y in POINTS)
    assert face.score == pytest.approx(0.99)


def test_what_is_scaled_down_and_up_again_is_where_it_was() -> None:
    faces = published({"sample_id": 1, "face_index": 0, **FOUND})
    (small,) = find(faces, ledger_row(1, original_width=60, original_height=40), 60, 40).faces
    back = {
        "bbox_xyxy": list(small.bbox_xyxy),
        "landmarks": [list(point) for point in small.landmarks],
    }
    again = published({"sample_id": 1, "face_index": 0, **FOUND, **back})
    small_row = ledger_row(1, metadata='{"sample_id": 1, "width": 60, "height": 40}')
    (face,) = find(again, small_row).faces
    np.testing.assert_allclose(face.bbox_xyxy, BOX, atol=1e-4)
    np.testing.assert_allclose(face.landmarks, POINTS, atol=1e-4)


def test_a_mirrored_picture_keeps_the_viewers_order_of_the_landmarks() -> None:
    faces = published({"sample_id": 1, "face_index": 0, **FOUND})
    (face,) = find(faces, ledger_row(1, exif_orientation=2)).faces
    assert face.bbox_xyxy == (44, 30, 80, 66)
    assert face.landmarks == ((54, 40), (70, 40), (62, 48), (56, 56), (68, 56))


def test_a_picture_that_lies_on_its_side_has_its_landmarks_turned_with_it() -> None:
    faces = published({"sample_id": 1, "face_index": 0, **FOUND})
    row = ledger_row(1, exif_orientation=6, original_width=80, original_height=120)
    (face,) = find(faces, row, 80, 120).faces
    assert face.bbox_xyxy == (14, 40, 50, 76)
    assert roll_degrees(face.landmarks, face.bbox_xyxy) == pytest.approx(90)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"original_width": 80}, "LAION saw 120 by 80 px, the picture fetched has 80 by 80 px"),
        ({"metadata": '{"sample_id": 1}'}, "metadata does not tell its size"),
        (
            {"metadata": '{"sample_id": 1, "width": 30, "height": 20}'},
            r"box [40.0, 30.0, 76.0, 66.0] is none within the 30 by 20 px",
        ),
    ],
)
def test_detections_that_do_not_fit_the_picture_are_not_used(changes, message) -> None:
    faces = published({"sample_id": 1, "face_index": 0, **FOUND})
    findings = find(faces, ledger_row(1, **changes), 120, 80)
    assert findings.drop_reason == "detections_do_not_fit"
    assert message in findings.error_message


@pytest.mark.parametrize("box", [[-90, 10, -20, 40], [10, 10, 10, 40], [60, 70, 90, 120]])
def test_a_box_that_is_none_within_the_picture_drops_the_picture(box) -> None:
    good = {"sample_id": 1, "face_index": 0, **FOUND}
    bad = {"sample_id": 1, "face_index": 1, **FOUND, "bbox_xyxy": box}
    assert find(published(good, bad), ledger_row(1)).drop_reason == "detections_do_not_fit"


def test_rows_of_a_shard_are_conserved_clipped_judged_and_aligned(tmp_path: Path) -> None:
    tilted = [[50, 40], [60, 50], [50, 50], [44, 52], [52, 60]]
    faces = published(
        {"sample_id": 1, "face_index": 0, **FOUND, "landmarks": tilted},
        {"sample_id": 1, "face_index": 1, **FOUND, "det_score": 0.97},
        {"sample_id": 1, "face_index": 2, **FOUND, "bbox_xyxy": [-8, -8, 30, 30]},
        {"sample_id": 2, "status": "no_face"},
        {"sample_id": 4, "face_index": 0, **FOUND},
    )
    raw = RAW_SHARDS.from_rows(
        [ledger_row(1), ledger_row(2), ledger_row(3), ledger_row(4, original_height=120)]
    )
    pictures = [(key, png()) for key in raw["key"].to_pylist()]
    path = tmp_path / "pixels.tar"
    # The detector's own limit has no meaning for RetinaFace's scores.
    settings = replace(SETTINGS, min_score=1.0)
    table = build_face_crops(raw, pictures, faces, settings, OptOut.none(), path)
    assert rows_conserved_crops(raw, table).passed
    assert boxes_inside_image(table).passed
    rows = table.to_pylist()
    assert [(row["key"][-1], row["drop_reason"]) for row in rows] == [
        ("1", None),
        ("1", None),
        ("1", "low_confidence"),
        ("2", "no_face"),
        ("3", "not_in_detections"),
        ("4", "detections_do_not_fit"),
    ]
    assert all(row["error_message"] for row in rows[3:])
    assert rows[0]["bbox_xyxy"] == [0, 0, 30, 30]
    matrix = np.reshape(rows[1]["crop_matrix"], (2, 3))
    eyes = np.array(tilted[:2]) @ matrix[:, :2].T + matrix[:, 2]
    assert eyes[0][1] == pytest.approx(eyes[1][1], abs=1e-3)
    assert eyes[0][0] < eyes[1][0]
    with path.open("rb") as file:
        assert len(dict(read_members(file))) == 4


def test_an_empty_shard_has_no_rows(tmp_path: Path) -> None:
    raw = RAW_SHARDS.from_rows([])
    assert isinstance(raw, pa.Table)
    path = tmp_path / "pixels.tar"
    assert build_face_crops(raw, [], published(), SETTINGS, OptOut.none(), path).num_rows == 0
