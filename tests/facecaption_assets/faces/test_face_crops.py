import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image, UnidentifiedImageError

from facecaption_assets.faces.alignment import TEMPLATE
from facecaption_assets.faces.cropping import recut
from facecaption_assets.faces.detection import Detection, RgbImage
from facecaption_assets.faces.face_crops import build_face_crops, stage_identity
from facecaption_assets.faces.finding import DetectorFinder
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.models import ModelStore
from facecaption_assets.schema import FACE_CROPS, RAW_SHARDS
from facecaption_assets.shards.images import ImageDecodeError, decode_rgb
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.shards.tars import read_members

SETTINGS = FaceSettings(min_score=0.5, min_side_px=20, align="roll")
LANDMARKS = ((50.0, 40.0), (66.0, 40.0), (58.0, 48.0), (52.0, 56.0), (64.0, 56.0))
GOOD = Detection((40.0, 30.0, 76.0, 66.0), 0.75, LANDMARKS)
WEAK = Detection((80.0, 10.0, 110.0, 40.0), 0.25)
SMALL = Detection((5.0, 5.0, 15.0, 15.0), 0.625)


class FakeDetector:
    """Finds the faces that are listed for a picture's grey level; remembers what it was given."""

    name = "fake"
    image_size = 640

    def __init__(self, faces: dict[int, list[Detection]] | None = None) -> None:
        self.faces = faces or {}
        self.batches: list[int] = []

    def input_shape(self, height: int, width: int) -> tuple[int, int]:
        return height, width

    def detect(self, images: Sequence[RgbImage]) -> list[list[Detection]]:
        self.batches.append(len(images))
        return [self.faces.get(int(image[0, 0, 0]), []) for image in images]


def png(grey: int, width: int = 120, height: int = 80) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (grey, grey, grey)).save(buffer, "PNG")
    return buffer.getvalue()


def size_of(data: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.size
    except UnidentifiedImageError:
        return 120, 80


def key(number: int) -> str:
    return f"photos-00000-{number:05d}"


def raw_rows(pictures: Sequence[bytes], **changes: Any) -> pa.Table:
    return RAW_SHARDS.from_rows(
        [
            {
                "key": key(number),
                "url": f"file:///{number}.png",
                "format": "png",
                "alt_text": f"picture {number}",
                "split_group": key(number),
                "status": "success",
                **dict(zip(("width", "height"), size_of(data), strict=True)),
                "original_width": 120,
                "original_height": 80,
                "sha256": hashlib.sha256(data).hexdigest(),
                **changes,
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
    assert "no known picture format" in rows[1]["error_message"]
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


def test_the_detector_is_shown_as_many_pictures_as_the_window_has(tmp_path: Path) -> None:
    detector = FakeDetector()
    build(tmp_path, [png(0)] * 7, detector, replace(SETTINGS, window=3))
    assert detector.batches == [3, 3, 1]


def test_large_pictures_end_a_window_early(tmp_path: Path) -> None:
    detector = FakeDetector()
    pictures = [png(0, 500, 400)] * 5
    build(tmp_path, pictures, detector, replace(SETTINGS, megapixels_in_flight=1.3))
    assert detector.batches == [2, 2, 1]


@pytest.mark.parametrize(
    "changes",
    [{"window": 1}, {"window": 2, "decoders": 1}, {"megapixels_in_flight": 1.0}, {"decoders": 4}],
)
def test_rows_and_crops_do_not_depend_on_how_the_work_is_shared_out(tmp_path, changes) -> None:
    pictures = [png(grey, 100 + 37 * grey, 90) for grey in range(12)]
    faces = {grey: [replace(GOOD, score=0.5 + grey / 100), SMALL] for grey in range(0, 12, 2)}
    expected = build(tmp_path, pictures, FakeDetector(faces), SETTINGS)
    found = build(tmp_path, pictures, FakeDetector(faces), replace(SETTINGS, **changes))
    assert found == expected


def photo(width: int, height: int, orientation: int = 1) -> bytes:
    """A JPEG of one tone."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (90, 90, 90)).save(buffer, "JPEG", exif=exif.tobytes())
    return buffer.getvalue()


class Watched(DetectorFinder):
    """Remembers the shapes of what it was shown."""

    shapes: ClassVar[list[tuple[int, ...]]] = []

    def find(self, rows, pictures):
        self.shapes.extend(p.pixels.shape[:2] for p in pictures)
        return super().find(rows, pictures)


def test_a_large_jpeg_is_looked_at_small_and_cut_from_all_its_pixels(tmp_path: Path) -> None:
    data = photo(1200, 803, orientation=3)
    detector = FakeDetector({90: [GOOD]})
    detector.image_size = 100
    finder = Watched(detector, 3.0)
    raw = raw_rows([data], format="jpg", width=1200, height=803)
    path = tmp_path / "pixels.tar"
    table = build_face_crops(raw, [(key(0), data)], finder, SETTINGS, OptOut.none(), path)
    (row,) = table.to_pylist()
    assert finder.shapes == [(201, 300)]
    # 201 rows of four px reach one px beyond the upper edge of what EXIF turns upside down.
    assert row["bbox_xyxy"] == [160, 119, 304, 263]
    assert (row["original_width"], row["original_height"]) == (1200, 803)
    assert (row["width"], row["height"]) == (216, 216)


def test_a_picture_whose_rest_cannot_be_decoded_keeps_its_faces_as_dropped_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(data: bytes) -> RgbImage:
        raise ImageDecodeError("half a picture")

    monkeypatch.setattr("facecaption_assets.faces.face_rows.decode_rgb", fail)
    data = photo(1200, 800)
    detector = FakeDetector({90: [GOOD, SMALL]})
    detector.image_size = 100
    raw = raw_rows([data], format="jpg", width=1200, height=800)
    settings, path = replace(SETTINGS, min_side_px=100), tmp_path / "pixels.tar"
    finder = DetectorFinder(detector, 3.0)
    table = build_face_crops(raw, [(key(0), data)], finder, settings, OptOut.none(), path)
    assert [(r["drop_reason"], r["error_message"]) for r in table.to_pylist()] == [
        ("failed_to_decode", "half a picture"),
        ("too_small", None),
    ]


@pytest.mark.parametrize("align", ["similarity", "roll", "none"])
def test_a_row_and_its_picture_give_the_stored_crop_again(tmp_path: Path, align: str) -> None:
    noise = Image.effect_noise((400, 300), 80).convert("RGB")
    buffer = io.BytesIO()
    noise.save(buffer, "PNG")
    grey = int(np.asarray(noise)[0, 0, 0])
    points = TEMPLATE @ [[0.94, 0.34], [-0.34, 0.94]] + (150.3, 40.7)
    a, b, c, d, e = (tuple(point) for point in points)
    face = Detection((140.25, 60.5, 244.75, 170.125), 0.9, (a, b, c, d, e))
    settings = replace(SETTINGS, align=align)
    rows, members = build(tmp_path, [buffer.getvalue()], FakeDetector({grey: [face]}), settings)
    pixels = recut(rows[0], decode_rgb(buffer.getvalue()))
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, "JPEG", quality=95, subsampling="4:4:4")
    assert encoded.getvalue() == members[f"{key(0)}-0.jpg"]
    matrix = np.array(rows[0]["crop_matrix"]).reshape(2, 3)
    corners = np.array([(0, 0), (pixels.shape[1], 0), (17.5, 30.25)])
    there = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    np.testing.assert_allclose(there @ matrix[:, :2].T + matrix[:, 2], corners, atol=1e-9)


def test_evidence_by_position_is_told_of_every_face_and_by_pixels_of_those_cut(tmp_path) -> None:
    rows, _ = build(tmp_path, [png(10)], FakeDetector({10: [GOOD, WEAK]}))
    kept, weak = rows
    assert (kept["side_px"], weak["side_px"]) == (36, 30)
    assert kept["image_share"] == pytest.approx(36 * 36 / (120 * 80))
    assert (kept["roll_deg"], weak["roll_deg"]) == (0, None)
    assert (kept["max_overlap"], kept["touches_border"], kept["visible_share"]) == (0, False, 1)
    assert kept["brightness"] == pytest.approx(10 / 255)
    assert (kept["sharpness"], kept["colourfulness"], kept["dark_share"]) == (0, 0, 0)
    assert weak["brightness"] is None


def test_a_face_dropped_for_its_pixels_keeps_the_evidence_and_no_crop(tmp_path: Path) -> None:
    settings = replace(SETTINGS, min_brightness=0.5)
    (row,), members = build(tmp_path, [png(10)], FakeDetector({10: [GOOD]}), settings)
    assert (row["status"], row["drop_reason"]) == ("dropped", "too_dark")
    assert row["brightness"] == pytest.approx(10 / 255)
    assert (row["sha256"], row["crop_matrix"], members) == (None, None, {})


def test_edge_maps_are_stored_beside_the_crops_if_wanted(tmp_path: Path) -> None:
    settings = replace(SETTINGS, store_edge_maps=True)
    _, members = build(tmp_path, [png(10)], FakeDetector({10: [GOOD]}), settings)
    assert list(members) == [f"{key(0)}-0{end}" for end in (".jpg", ".json", ".canny.png")]
    with Image.open(io.BytesIO(members[f"{key(0)}-0.canny.png"])) as edges:
        assert (edges.size, edges.getextrema()) == ((256, 256), (0, 0))


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
