import os
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from facecaption_assets.faces.alignment import roll_degrees
from facecaption_assets.faces.cropping import drop_reason
from facecaption_assets.faces.detection import Detector, RgbImage, rank_faces
from facecaption_assets.faces.export import compare
from facecaption_assets.faces.exported_network import ExportedNetwork
from facecaption_assets.faces.loading import load_detector, load_network, read_module
from facecaption_assets.faces.networks import Thresholds
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.faces.torch_network import TorchNetwork
from facecaption_assets.faces.ultralytics_setup import load_ultralytics
from facecaption_assets.models import ModelStore, ModelUnavailable
from facecaption_assets.shards.images import decode_rgb

SETTINGS = FaceSettings(min_side_px=96)


@pytest.fixture(scope="module")
def store() -> ModelStore:
    return ModelStore(Path(os.environ.get("FACECAPTION_MODELS", ".cache/models")))


@pytest.fixture(scope="module")
def detector(store: ModelStore) -> Detector:
    return load_detector(SETTINGS, store)


@pytest.fixture(scope="module")
def photographs() -> list[RgbImage]:
    assets = load_ultralytics().ASSETS
    return [decode_rgb((assets / name).read_bytes()) for name in ("bus.jpg", "zidane.jpg")]


def test_the_published_weights_find_the_faces_of_real_photographs(
    detector: Detector, photographs: list[RgbImage]
) -> None:
    bus, zidane = detector.detect(photographs)
    assert len(bus) == len(zidane) == 2
    # One man leans forward in profile, the other's head is tilted a little.
    for face in zidane:
        assert face.score > 0.7
        assert abs(roll_degrees(face.landmarks, face.bbox_xyxy)) < 15
    assert [drop_reason(face, SETTINGS) for face in bus + zidane] == [
        "too_small",
        "too_small",
        None,
        None,
    ]


def test_boxes_and_landmarks_are_those_of_yolo_predict(
    store: ModelStore, photographs: list[RgbImage], tmp_path: Path
) -> None:
    exact = load_detector(FaceSettings(precision="float32"), store, "cpu")
    module = read_module(store.path(SETTINGS.detector), 640)
    torch.save({"model": module, "train_args": {"task": "pose"}}, tmp_path / "same.pt")
    model = load_ultralytics().YOLO(tmp_path / "same.pt")
    for image, faces in zip(photographs, exact.detect(photographs), strict=True):
        (result,) = model.predict(
            np.ascontiguousarray(image[:, :, ::-1]), iou=0.5, device="cpu", verbose=False
        )
        expected = result.boxes.xyxy.numpy()
        assert len(faces) == len(expected) == 2
        for face, box, score, points in zip(
            faces, expected, result.boxes.conf.numpy(), result.keypoints.xy.numpy(), strict=True
        ):
            # Ultralytics' way back errs by a share of a pixel of the letterboxed picture.
            np.testing.assert_allclose(face.bbox_xyxy, box, atol=0.5)
            assert face.score == pytest.approx(score, abs=1e-4)
            np.testing.assert_allclose(np.array(face.landmarks), points, atol=0.5)


def test_bfloat16_moves_boxes_by_less_than_a_hundredth(
    store: ModelStore, photographs: list[RgbImage]
) -> None:
    exact = load_detector(FaceSettings(precision="float32"), store, "cpu")
    short = load_detector(FaceSettings(precision="bfloat16"), store, "cpu")
    for image in photographs:
        agreement = compare(exact, short, image)
        assert agreement.min_iou > 0.99
        assert agreement.max_score_difference < 0.01


def test_faces_do_not_depend_on_the_batch(store: ModelStore, photographs: list[RgbImage]) -> None:
    detector = load_detector(FaceSettings(precision="float32"), store, "cpu")
    turned = np.ascontiguousarray(photographs[1][:, ::-1])
    together = detector.detect([photographs[1], turned, photographs[0]])
    for image, faces in zip([photographs[1], turned, photographs[0]], together, strict=True):
        (alone,) = detector.detect([image])
        assert len(alone) == len(faces) > 0
        for one, other in zip(alone, faces, strict=True):
            np.testing.assert_allclose(one.bbox_xyxy, other.bbox_xyxy, atol=0.01)


def test_the_published_trace_runs_at_other_sizes_than_its_own(store: ModelStore) -> None:
    smaller = load_detector(FaceSettings(image_size=320), store, "cpu")
    assert smaller.input_shape(720, 1280) == (192, 320)


def test_threads_are_those_of_the_setting(store: ModelStore) -> None:
    before = torch.get_num_threads()
    try:
        load_detector(FaceSettings(threads=3), store, "cpu")
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("config", "kind"), [("v8/yolov8", TorchNetwork), ("26/yolo26", ExportedNetwork)]
)
def test_checkpoints_run_in_the_fastest_way_that_their_head_allows(
    untrained: Callable[..., Any],
    saved: Callable[..., Path],
    tmp_path: Path,
    config: str,
    kind: type,
) -> None:
    weights = saved(untrained(config, nc=1), tmp_path)
    network = load_network(weights, FaceSettings(image_size=64), torch.device("cpu"))
    assert isinstance(network, kind)
    pictures = torch.randint(0, 256, (2, 3, 64, 96), dtype=torch.uint8)
    found = network.find(pictures, Thresholds(0.0, 0.9))
    assert [faces.points.shape[1] for faces in found] == [0, 0]
    assert all(0 < len(faces.boxes) <= 300 for faces in found)


def test_weights_of_several_classes_need_one_named_face(
    untrained: Callable[..., Any], saved: Callable[..., Path], tmp_path: Path
) -> None:
    weights = saved(untrained("v8/yolov8", nc=80), tmp_path)
    with pytest.raises(ValueError, match=r"FaceSettings\.detector: .* has 80 classes"):
        load_network(weights, SETTINGS, torch.device("cpu"))


@pytest.mark.parametrize("name", ["junk.pt", "junk.onnx", "junk.bin"])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, store: ModelStore, name: str) -> None:
    (tmp_path / name).write_bytes(b"junk" * 100)
    with pytest.raises(ValueError, match=r"FaceSettings\.detector: ultralytics cannot read .*junk"):
        load_detector(FaceSettings(detector=str(tmp_path / name)), store, "cpu")


def test_unknown_weights_are_named_with_their_setting(store: ModelStore) -> None:
    with pytest.raises(ModelUnavailable, match=r"'no-such-net', wanted by FaceSettings\.detector"):
        load_detector(FaceSettings(detector="no-such-net"), store)


@pytest.mark.slow
def test_the_sample_has_the_faces_that_a_person_counts(
    store: ModelStore, detector: Detector
) -> None:
    """Portraits, selfies and postures show one face; sheets sixteen, or three large of six."""
    counts: dict[str, Counter[int]] = {}
    with zipfile.ZipFile(store.path("openpeople")) as archive:
        for name in sorted(n for n in archive.namelist() if n.endswith((".jpg", ".jpeg"))):
            image = decode_rgb(archive.read(name))
            faces = rank_faces(detector.detect([image])[0], image.shape[1], image.shape[0])
            kept = sum(drop_reason(face, SETTINGS) is None for face in faces)
            counts.setdefault(Path(name).stem, Counter())[kept] += 1
    assert counts == {
        "amateur_posture": {1: 10},
        "amateur_selfie": {1: 10},
        "studio_portrait": {1: 10},
        "studio_posture": {1: 10},
        "character_sheet": {3: 10},
        "emotions_sheet": {16: 10},
        "character_sheet_template": {0: 1},
        "emotions_sheet_template": {0: 1},
    }
