"""Real weights on sample pictures: what the stage says must not hang on how the work is shared."""

import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from facecaption_assets.faces.face_crops import build_face_crops
from facecaption_assets.faces.finding import DetectorFinder
from facecaption_assets.faces.loading import load_detector
from facecaption_assets.faces.overlap import overlaps
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.models import ModelStore
from facecaption_assets.schema import RAW_SHARDS
from facecaption_assets.shards.images import read_header
from facecaption_assets.shards.opt_out import OptOut

pytestmark = pytest.mark.slow

SETTINGS = FaceSettings(min_side_px=96, threads=1)
KINDS = ("amateur_selfie", "character_sheet", "emotions_sheet", "studio_portrait")


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., pa.Table]:
    """Builds the rows of eight pictures of four shapes under changed settings."""
    store = ModelStore(Path(os.environ.get("FACECAPTION_MODELS", ".cache/models")))
    folder = "openpeople/data/curated"
    with zipfile.ZipFile(store.path("openpeople")) as archive:
        names = [f"{folder}/P00{person}/assets/{kind}.jpg" for person in (1, 2) for kind in KINDS]
        pictures = [archive.read(name) for name in names]
    rows = []
    for number, data in enumerate(pictures):
        key = f"sample-00000-{number:05d}"
        row = {"key": key, "url": key, "split_group": key, "status": "success"}
        rows.append(row | read_header(data, max_pixels=10**9).ledger_columns())
    raw = RAW_SHARDS.from_rows(rows)
    path = tmp_path_factory.mktemp("crops") / "pixels.tar"

    def make(**changes: Any) -> pa.Table:
        settings = replace(SETTINGS, **changes)
        finder = DetectorFinder(load_detector(settings, store, "cpu"), settings.oversampling)
        keyed = zip(raw["key"].to_pylist(), pictures, strict=True)
        return build_face_crops(raw, keyed, finder, settings, OptOut.none(), path)

    return make


@pytest.mark.parametrize("precision", ["auto", "float32"])
def test_rows_do_not_depend_on_batches_windows_and_threads(build, precision) -> None:
    expected = build(precision=precision)
    assert build(precision=precision, batch_size=1, window=1, decoders=1).equals(expected)
    assert build(precision=precision, batch_size=3, megapixels_in_flight=20.0).equals(expected)


def test_fewer_decoded_pixels_find_the_same_faces_in_about_the_same_places(build) -> None:
    kept = pa.compute.field("status") == "kept"
    full, reduced = build().filter(kept), build(oversampling=1.0).filter(kept)
    for key in pa.compute.unique(full["key"]):
        boxes = [
            np.array(table.filter(pa.compute.field("key") == key)["bbox_xyxy"].to_pylist())
            for table in (full, reduced)
        ]
        shared, _ = overlaps(*boxes)
        assert len(boxes[0]) == len(boxes[1])
        assert shared.max(axis=1).min() > 0.85


def test_every_kept_face_is_upright_with_its_eyes_level_in_the_crop(build) -> None:
    table = build()
    for row in table.filter(pa.compute.field("status") == "kept").to_pylist():
        if row["roll_deg"] is None or abs(row["yaw_deg"]) > 45:
            continue
        matrix = np.array(row["crop_matrix"]).reshape(2, 3)
        points = np.array(row["landmarks"]) @ matrix[:, :2].T + matrix[:, 2]
        tilt = np.degrees(np.arctan2(*(points[1] - points[0])[::-1]))
        assert abs(tilt) < 4
        assert points[3:, 1].min() > points[:2, 1].max()
        assert ((points > 0) & (points < (row["width"], row["height"]))).all()
