import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.faces.ultralytics_setup import load_ultralytics
from facecaption_assets.faces.yolo import YoloFaceDetector

SETTINGS = FaceSettings(image_size=64, report_score=0.0, iou_threshold=0.9)


def save_untrained(folder: Path, config: str, **changes: object) -> Path:
    """Weights of a real YOLO architecture as ultralytics writes them, randomly initialised."""
    ultralytics = load_ultralytics()
    from ultralytics.utils import ROOT, YAML

    description = folder / f"{config.replace('v8', 'v8n')}.yaml"
    yaml: Any = YAML
    yaml.save(description, yaml.load(ROOT / "cfg" / "models" / "v8" / f"{config}.yaml") | changes)
    torch.manual_seed(0)
    path = folder / "untrained.pt"
    ultralytics.YOLO(description, verbose=False).save(path)
    return path


def test_a_pose_model_gives_boxes_and_landmarks_in_the_picture(tmp_path: Path) -> None:
    weights = save_untrained(tmp_path, "yolov8-pose", nc=1, kpt_shape=[5, 3])
    detector = YoloFaceDetector(weights, SETTINGS, "cpu")
    images = [np.zeros((100, 200, 3), np.uint8), np.full((80, 40, 3), 255, np.uint8)]
    found = detector.detect(images)
    assert len(found) == 2
    assert all(found)
    for image, faces in zip(images, found, strict=True):
        height, width = image.shape[:2]
        boxes = np.array([face.bbox_xyxy for face in faces])
        assert (boxes >= 0).all()
        assert (boxes <= [width, height, width, height]).all()
        assert all(face.landmarks is not None and len(face.landmarks) == 5 for face in faces)
    assert detector.detect([]) == []


def test_a_box_model_gives_no_landmarks(tmp_path: Path) -> None:
    weights = save_untrained(tmp_path, "yolov8", nc=1)
    (faces,) = YoloFaceDetector(weights, SETTINGS, "cpu").detect([np.zeros((64, 64, 3), np.uint8)])
    assert {face.landmarks for face in faces} == {None}


def test_a_model_without_a_face_class_is_refused(tmp_path: Path) -> None:
    weights = save_untrained(tmp_path, "yolov8", nc=80)
    with pytest.raises(ValueError, match=r"FaceSettings\.detector: .* has 80 classes"):
        YoloFaceDetector(weights, SETTINGS, "cpu")


@pytest.mark.parametrize("name", ["junk.pt", "junk.onnx", "junk.bin"])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"junk" * 100)
    with pytest.raises(ValueError, match=r"FaceSettings\.detector: ultralytics cannot read .*junk"):
        YoloFaceDetector(path, SETTINGS, "cpu")


class Malicious:
    """Unpickling it runs a command."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.target}",)


def test_weights_that_carry_code_are_refused_unrun(tmp_path: Path) -> None:
    target = tmp_path / "was_run"
    torch.save({"model": Malicious(target)}, tmp_path / "malicious.pt")
    with pytest.raises(ValueError, match=r"cannot read .*malicious\.pt"):
        YoloFaceDetector(tmp_path / "malicious.pt", SETTINGS, "cpu")
    assert not target.exists()


def test_absent_weights_are_not_downloaded(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        YoloFaceDetector(tmp_path / "yolov8n.pt", SETTINGS, "cpu")
