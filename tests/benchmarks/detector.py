"""Finding faces in files, beside ultralytics' own ``YOLO.predict`` with the same weights.

Both sides read the same files, one after the other, on one thread, and their CPU time counts. The
ways of our side differ in what they give up: ``auto`` computes in bfloat16 where the processor has
it; a smaller ``oversampling`` than the default decodes JPEG nearer to the scale that the detector
needs, which smooths what ``YOLO.predict`` undersamples, so that small boxes move.
"""

import io
import os
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch
from PIL import Image

from facecaption_assets.faces.cropping import Place, crop_place, cut
from facecaption_assets.faces.detection import Detection, Detector, RgbImage
from facecaption_assets.faces.edges import canny_edges
from facecaption_assets.faces.face_crops import build_face_crops
from facecaption_assets.faces.finding import DetectorFinder
from facecaption_assets.faces.loading import load_detector, read_module
from facecaption_assets.faces.pixel_evidence import pixel_evidence
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.faces.ultralytics_setup import load_ultralytics
from facecaption_assets.models import ModelStore
from facecaption_assets.schema import RAW_SHARDS
from facecaption_assets.shards.images import decode_reduced, decode_rgb, read_header
from facecaption_assets.shards.opt_out import OptOut
from tests.benchmarks.results import Result

TARGET = 0.5
SURE = 0.5
MATCH = 0.99
REPEATS = 3
#: That of the embedded profile.
BATCH = 4
#: The same on both sides; ultralytics' default is 0.7.
OVERLAP = 0.5
CROPS = FaceSettings(threads=1, decoders=1)

Boxes = list[np.ndarray]


def run() -> list[Result]:
    """CPU time of our detector as a share of ultralytics', and how the boxes compare."""
    torch.set_num_threads(1)
    store = ModelStore(Path(os.environ.get("FACECAPTION_MODELS", "data/models")))
    settings = FaceSettings(threads=1, batch_size=BATCH, iou_threshold=OVERLAP)
    with tempfile.TemporaryDirectory() as folder:
        files = _files(store, Path(folder) / "pictures")
        predict = _predict(store, settings, Path(folder))
        sides: dict[str, Callable[[], Boxes]] = {"YOLO.predict": lambda: predict(files)}
        for precision in ("auto", "float32"):
            ours = load_detector(
                FaceSettings(threads=1, batch_size=BATCH, precision=precision), store, "cpu"
            )
            sides[precision] = partial(_ours, DetectorFinder(ours, CROPS.oversampling), files)
            if precision == "auto":
                for oversampling in (1.0, 2.0):
                    finder = DetectorFinder(ours, oversampling)
                    sides[f"oversampling {oversampling:g}"] = partial(_ours, finder, files)
                stages = _stages(ours, files)
                whole = _whole_stage(ours, files, Path(folder) / "pixels.tar")
        seconds, boxes = _measure(sides)
    reference = seconds["YOLO.predict"]
    details: dict[str, Any] = {
        "ms_per_picture": {name: round(1000 * s / len(files), 1) for name, s in seconds.items()},
        "ratio": {name: round(s / reference, 3) for name, s in seconds.items()},
        "matched_at_0.99": {
            name: round(_matched(boxes["YOLO.predict"], found), 4) for name, found in boxes.items()
        },
        "stages_ms": stages,
        "whole_stage_ms": whole,
        "pictures": len(files),
    }
    return [
        Result(
            "detector_cpu_ratio",
            seconds["auto"] / reference,
            "ratio",
            "lower",
            TARGET,
            "YOLO.predict, same files and weights",
            details,
        )
    ]


def _files(store: ModelStore, folder: Path) -> list[Path]:
    """The sample's pictures, and the photographs that ultralytics ships."""
    folder.mkdir()
    with zipfile.ZipFile(store.path("openpeople")) as archive:
        names = sorted(n for n in archive.namelist() if n.endswith((".jpg", ".jpeg")))
        pictures = [archive.read(name) for name in names]
    assets = load_ultralytics().ASSETS
    pictures += [(assets / name).read_bytes() for name in ("bus.jpg", "zidane.jpg")]
    for number, data in enumerate(pictures):
        (folder / f"{number:03d}.jpg").write_bytes(data)
    return sorted(folder.iterdir())


def _predict(
    store: ModelStore, settings: FaceSettings, folder: Path
) -> Callable[[list[Path]], Boxes]:
    """``YOLO.predict`` on a folder: it reads files faster so than from a list."""
    module = read_module(store.path(settings.detector), settings.image_size)
    torch.save({"model": module, "train_args": {"task": "pose"}}, folder / "detector.pt")
    model = load_ultralytics().YOLO(folder / "detector.pt")

    def predict(files: list[Path]) -> Boxes:
        results = model.predict(
            files[0].parent, imgsz=settings.image_size, iou=OVERLAP, device="cpu", verbose=False
        )
        torch.set_num_threads(1)
        return [result.boxes.data[:, :5].numpy() for result in results]

    return predict


def _ours(finder: DetectorFinder, files: list[Path]) -> Boxes:
    found: Boxes = []
    for start in range(0, len(files), BATCH):
        batch = [file.read_bytes() for file in files[start : start + BATCH]]
        decoded = [decode_reduced(data, finder.least_side) for data in batch]
        for findings in finder.find([{}] * len(batch), decoded):
            found.append(np.array([[*f.bbox_xyxy, f.score] for f in findings.faces]))
    return found


def _whole_stage(detector: Detector, files: list[Path], tar: Path) -> dict[str, float]:
    """CPU and wall-clock ms a picture of the stage itself, from bytes to rows and crops."""
    rows, pictures = [], []
    for number, file in enumerate(files):
        data = file.read_bytes()
        header = read_header(data, max_pixels=10**9)
        key = f"sample-00000-{number:05d}"
        row = {"key": key, "url": key, "split_group": key, "status": "success"}
        rows.append(row | header.ledger_columns())
        pictures.append((key, data))
    raw = RAW_SHARDS.from_rows(rows)
    spent = {}
    for oversampling in (CROPS.oversampling, 1.0):
        finder = DetectorFinder(detector, oversampling)
        processing, began = process_time(), perf_counter()
        build_face_crops(raw, pictures, finder, CROPS, OptOut.none(), tar)
        for clock, seconds in (
            ("CPU", process_time() - processing),
            ("wall", perf_counter() - began),
        ):
            name = f"oversampling {oversampling:g}, {clock}"
            spent[name] = round(1000 * seconds / len(files), 1)
    return spent


def _measure(
    sides: dict[str, Callable[[], Boxes]],
) -> tuple[dict[str, float], dict[str, Boxes]]:
    """Median CPU seconds of each side, taken in turns, and what it found."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    boxes = {name: side() for name, side in sides.items()}  # Loads, fuses and warms up.
    for _ in range(REPEATS):
        for name, side in sides.items():
            started = process_time()
            boxes[name] = side()
            times[name].append(process_time() - started)
    return {name: median(taken) for name, taken in times.items()}, boxes


def _matched(reference: Boxes, found: Boxes) -> float:
    """Share of the reference's sure boxes that a found one covers."""
    best = []
    for expected, actual in zip(reference, found, strict=True):
        for box in expected[expected[:, 4] >= SURE]:
            best.append(max((_iou(box, other) for other in actual), default=0.0))
    return float(np.mean(np.array(best) >= MATCH))


def _iou(one: np.ndarray, other: np.ndarray) -> float:
    sides = np.minimum(one[2:4], other[2:4]) - np.maximum(one[:2], other[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    areas = [float(np.prod(box[2:4] - box[:2])) for box in (one, other)]
    return shared / (sum(areas) - shared)


def _stages(detector: Any, files: list[Path]) -> dict[str, float]:
    """CPU ms a picture of each stage of our side, picture by picture."""
    spent: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        started = process_time()
        result = work()
        spent[stage] = spent.get(stage, 0.0) + process_time() - started
        return result

    for file in files:
        data = file.read_bytes()
        image = timed("decode", lambda data=data: decode_rgb(data))
        timed("decode reduced", lambda data=data: decode_reduced(data, detector.image_size))
        timed("letterbox", lambda image=image: detector._letterbox(image=image))
        (faces,) = timed("inference, NMS", lambda image=image: detector.detect([image]))
        for face in faces:
            place = crop_place(face, CROPS)
            crop = timed("crop", lambda image=image, place=place: cut(image, place))
            timed(
                "evidence", lambda crop=crop, face=face, place=place: _evidence(crop, face, place)
            )
            timed("encode", lambda crop=crop: _encode(crop))
    spent["inference, NMS"] -= spent["letterbox"]
    return {stage: round(1000 * seconds / len(files), 2) for stage, seconds in spent.items()}


def _evidence(crop: RgbImage, face: Detection, place: Place) -> None:
    pixel_evidence(crop, canny_edges(crop), face.bbox_xyxy, place)


def _encode(crop: RgbImage) -> None:
    Image.fromarray(crop).save(io.BytesIO(), "JPEG", quality=95, subsampling="4:4:4")
