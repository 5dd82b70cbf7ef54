import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from facecaption_assets.faces.detection import Detection, RgbImage
from facecaption_assets.faces.face_crops import build_face_crops, stage_identity
from facecaption_assets.faces.finding import DetectorFinder
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.models import ModelStore
from facecaption_assets.schema import FACE_CROPS, RAW_SHARDS
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.shards.tars import read_members

SETTINGS = FaceSettings(min_score=0.5, min_side_px=20, batch_size=3)
LANDMARKS = ((50.0, 40.0), (66.0, 40.0), (58.0, 48.0), (52.0, 56.0), (64.0, 56.0))
GOOD = Detection((40.0, 30.0, 76.0, 66.0), 0.75, LANDMARKS)
WEAK = Detection((80.0, 10.0, 110.0, 40.0), 0.25)
SMALL = Detection((5.0, 5.0, 15.0, 15.0), 0.625)


class FakeDetector:
    """Finds the faces that are listed for a picture's grey level; remembers its batches."""

    name = "fake"

    def __init__(self, faces: dict[int, list[Detection]] | None = None) -> None:
        self.faces = faces or {}
        self.batches: list[int] = []

    def detect(self, images: Sequence[RgbImage]) -> list[list[Detection]]:
        self.batches.append(len(images))
        return [self.faces.get(int(image[0, 0, 0]), []) for image in images]


def png(grey: int, width: int = 120, height: int = 80) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (grey, grey, grey)).save(buffer, "PNG")
    return buffer.getvalue()


def key(number: int) -> str:
    return f"photos-00000-{number:05d}"


def raw_rows(pictures: Sequence[bytes]) -> pa.Table:
    return RAW_SHARDS.from_rows(
        [
            {
                "key": key(number),
                "url": f"file:///{number}.png",
                "alt_text": f"picture {number}",
                "split_group": key(number),
                "status": "success",
                "width": 120,
                "height": 80,
                "original_width": 120,
                "original_height": 80,
                "sha256": hashlib.sha256(data).hexdigest(),
            }
            for number, data in enumerate(pictures)
        ]
    )


def build(
    folder: Path,
    pictures: Sequence[bytes],
    detector: FakeDetector,
    settings: FaceSettings = SETTINGS,
    opt_out: tuple[str, ...] = (),
    tar: Sequence[tuple[str, bytes]] | None = None,
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    stored = [(key(n), data) for n, data in enumerate(pictures)] if tar is None else tar
    path = folder / "pixels.tar"
    listed = OptOut.of(*opt_out)
    finder = DetectorFinder(detector)
    table = build_face_crops(raw_rows(pictures), iter(stored), finder, settings, listed, path)
    assert table.schema.equals(FACE_CROPS.arrow)
    with path.open("rb") as file:
        return table.to_pylist(), dict(read_members(file))


def test_every_face_has_a_row_and_only_kept_ones_have_pixels(tmp_path: Path) -> None:
    detector = FakeDetector({10: [WEAK, SMALL, GOOD]})
    rows, members = build(tmp_path, [png(10)], detector)
    assert [(r["face_id"], r["status"], r["drop_reason"]) for r in rows] == [
        (f"{key(0)}-0", "kept", None),
        (f"{key(0)}-1", "dropped", "too_small"),
        (f"{key(0)}-2", "dropped", "low_confidence"),
    ]
    assert list(members) == [f"{key(0)}-0.jpg", f"{key(0)}-0.json"]
    assert all(row["alt_text"] == "picture 0" and row["split_group"] == key(0) for row in rows)


def test_a_kept_row_describes_its_crop(tmp_path: Path) -> None:
    (row,), members = build(tmp_path, [png(10)], FakeDetector({10: [GOOD]}))
    data = members[f"{key(0)}-0.jpg"]
    assert row["sha256"] == hashlib.sha256(data).hexdigest()
    with Image.open(io.BytesIO(data)) as crop:
        assert crop.size == (row["width"], row["height"]) == (54, 54)
    assert row["bbox_xyxy"] == [40, 30, 76, 66]
    assert row["bbox_rel"] == pytest.approx([40 / 120, 30 / 80, 76 / 120, 66 / 80])
    assert row["landmarks"] == [list(point) for point in LANDMARKS]
    assert row["crop_matrix"] == [1, 0, -31, 0, 1, -21]
    assert row["det_score"] == 0.75
    assert row["canny_edge_density"] == 0.0
    assert (row["original_width"], row["original_height"]) == (120, 80)


def test_the_json_beside_a_crop_has_its_geometry_but_no_web_text(tmp_path: Path) -> None:
    _, members = build(tmp_path, [png(10)], FakeDetector({10: [GOOD]}))
    assert json.loads(members[f"{key(0)}-0.json"]) == {
        "face_id": f"{key(0)}-0",
        "det_score": 0.75,
        "bbox_xyxy": [40, 30, 76, 66],
        "landmarks": [list(point) for point in LANDMARKS],
    }


def test_face_ids_follow_the_score_whatever_the_detectors_order(tmp_path: Path) -> None:
    one, _ = build(tmp_path, [png(10)], FakeDetector({10: [WEAK, SMALL, GOOD]}))
    other, _ = build(tmp_path, [png(10)], FakeDetector({10: [GOOD, WEAK, SMALL]}))
    assert one == other


def test_every_picture_has_a_row(tmp_path: Path) -> None:
    pictures = [png(0), b"not a picture", png(10), png(20), png(0)]
    stored = [(key(n), data) for n, data in enumerate(pictures) if n not in (3, 4)]
    rows, _ = build(tmp_path, pictures, FakeDetector({10: [GOOD]}), tar=stored)
    assert [(r["key"], r["drop_reason"]) for r in rows] == [
        (key(0), "no_face"),
        (key(1), "failed_to_decode"),
        (key(2), None),
        (key(3), "failed_to_decode"),
        (key(4), "failed_to_decode"),
    ]
    assert "cannot identify" in rows[1]["error_message"]
    assert rows[3]["error_message"] == "the shard's tar has no picture of this key"
    assert rows[0]["face_id"] is None
    assert (rows[0]["original_width"], rows[0]["original_height"]) == (120, 80)


def test_pictures_without_a_row_are_passed_over(tmp_path: Path) -> None:
    stored = [("photos-00000-90000", png(10)), (key(0), png(10))]
    rows, _ = build(tmp_path, [png(10)], FakeDetector({10: [GOOD]}), tar=stored)
    assert [row["key"] for row in rows] == [key(0)]


@pytest.mark.parametrize("order", [[1, 0], [0, 0]])
def test_pictures_out_of_order_are_refused(tmp_path: Path, order: list[int]) -> None:
    stored = [(key(n), png(10)) for n in order]
    with pytest.raises(ValueError, match=r"photos-00000-00000 is out of order"):
        build(tmp_path, [png(10), png(10)], FakeDetector(), tar=stored)


@pytest.mark.parametrize("entry", [key(1), "file:///1.png", hashlib.sha256(png(10)).hexdigest()])
def test_an_opted_out_picture_is_not_even_looked_at(tmp_path: Path, entry: str) -> None:
    detector = FakeDetector({10: [GOOD], 20: [GOOD]})
    rows, members = build(tmp_path, [png(20), png(10)], detector, opt_out=(entry,))
    assert [(r["face_id"], r["drop_reason"]) for r in rows] == [
        (f"{key(0)}-0", None),
        (None, "opted_out"),
    ]
    assert detector.batches == [1]
    assert f"{key(1)}-0.jpg" not in members


def test_an_opted_out_face_keeps_its_number_and_loses_its_pixels(tmp_path: Path) -> None:
    second = replace(GOOD, score=0.6)
    detector = FakeDetector({10: [GOOD, second]})
    rows, members = build(tmp_path, [png(10)], detector, opt_out=(f"{key(0)}-0",))
    assert [(r["face_id"], r["drop_reason"]) for r in rows] == [
        (f"{key(0)}-0", "opted_out"),
        (f"{key(0)}-1", None),
    ]
    assert list(members) == [f"{key(0)}-1.jpg", f"{key(0)}-1.json"]


def drawn(seed: int) -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 12, 3), np.uint8)
    coarse[0, 0] = seed
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((120, 80), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("column", ["sha256", "phash"])
def test_a_crop_on_the_list_is_not_kept_and_still_known(tmp_path: Path, column: str) -> None:
    detector = FakeDetector({1: [GOOD], 2: [GOOD]})
    before, _ = build(tmp_path, [drawn(1), drawn(2)], detector)
    entry = before[0][column] if column == "sha256" else f"phash:{before[0][column]}/0"
    after, members = build(tmp_path, [drawn(1), drawn(2)], detector, opt_out=(entry,))
    assert [(r["status"], r["drop_reason"]) for r in after] == [
        ("dropped", "opted_out"),
        ("kept", None),
    ]
    assert after[0]["error_message"] == f"on the opt-out list by {column}"
    assert [row[column] for row in after] == [row[column] for row in before]
    assert list(members) == [f"{key(1)}-0.jpg", f"{key(1)}-0.json"]


def test_pictures_are_detected_in_batches_of_the_setting(tmp_path: Path) -> None:
    detector = FakeDetector()
    build(tmp_path, [png(0)] * 7, detector)
    assert detector.batches == [3, 3, 1]


def test_large_pictures_end_a_batch_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facecaption_assets.faces.face_crops._BATCH_PIXELS", 15_000)
    detector = FakeDetector()
    build(tmp_path, [png(0)] * 5, detector)
    assert detector.batches == [2, 2, 1]


def test_a_shard_without_pictures_has_no_rows(tmp_path: Path) -> None:
    assert build(tmp_path, [], FakeDetector()) == ([], {})


def test_equal_input_makes_equal_bytes(tmp_path: Path) -> None:
    tars = []
    for _ in range(2):
        build(tmp_path, [png(10), png(20)], FakeDetector({10: [GOOD], 20: [WEAK, GOOD]}))
        tars.append((tmp_path / "pixels.tar").read_bytes())
    assert tars[0] == tars[1]


def test_identity_follows_settings_and_weights_but_not_the_batch_size(tmp_path: Path) -> None:
    own = tmp_path / "own.pt"
    own.write_bytes(b"weights")
    store = ModelStore(tmp_path)
    identity = stage_identity(SETTINGS, store)
    assert stage_identity(replace(SETTINGS, batch_size=64, threads=7), store) == identity
    assert stage_identity(replace(SETTINGS, precision="float32"), store) != identity
    assert stage_identity(replace(SETTINGS, min_score=0.6), store) != identity
    assert stage_identity(replace(SETTINGS, detector=str(own)), store) != identity


def test_identity_under_published_detections_needs_no_weights(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    published = replace(SETTINGS, detections="laion_face")
    identity = stage_identity(published, store)
    assert identity != stage_identity(SETTINGS, store)
    assert stage_identity(replace(published, detector="no-such-net"), store) == identity
    assert stage_identity(replace(published, retinaface_min_score=0.9), store) != identity
