from pathlib import Path

import numpy as np
import pytest

from facecaption_assets.attributes import picture_judging
from facecaption_assets.attributes.annotators import FaceCrop, FaceEvidence
from facecaption_assets.attributes.picture_judging import PictureJudge
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.faces.detection import Detection
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.schema import FACE_ATTRIBUTES
from tests.fakes import CentreDetector, SmilingManAnnotator

FACES = FaceSettings(min_score=0.5, min_side_px=64, margin=1.5)
SETTINGS = AttributeSettings(annotators=("smiling_man",), min_positive=1)


class TwoFaces:
    """Finds a small, sure face on the left and a large, less sure one on the right."""

    image_size = 640

    def detect(self, images) -> list[list[Detection]]:
        small, large = (20.0, 20.0, 100.0, 100.0), (200.0, 50.0, 400.0, 250.0)
        return [[Detection(small, 0.9), Detection(large, 0.8)] for _ in images]


class Recorder(SmilingManAnnotator):
    """Remembers the crops that it was shown."""

    def __init__(self) -> None:
        self.seen: list[FaceCrop] = []

    def annotate(self, faces) -> list[FaceEvidence]:
        self.seen += faces
        return super().annotate(faces)


def test_every_picture_has_a_row_in_order_whatever_becomes_of_it(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_judging, "_CHUNK", 3)  # Two chunks.
    judge = PictureJudge(CentreDetector(), [SmilingManAnnotator()], FACES, SETTINGS)
    table = judge.judge([photos / name for name in ("c.jpg", "a.jpg", "d.jpg", "b.png")])
    assert table.schema.equals(FACE_ATTRIBUTES.arrow)
    assert table["status"].to_pylist() == [
        "failed_to_annotate",
        "labelled",
        "failed_to_annotate",
        "labelled",
    ]
    assert table["Smiling"].to_pylist() == [None, True, None, True]


def test_no_picture_is_an_empty_table() -> None:
    judge = PictureJudge(CentreDetector(), [], FACES, SETTINGS)
    assert judge.judge([]).num_rows == 0


def test_picture_is_judged_by_its_largest_face(tmp_path: Path, picture) -> None:
    (tmp_path / "two.jpg").write_bytes(picture(500, 300))
    recorder = Recorder()
    table = PictureJudge(TwoFaces(), [recorder], FACES, SETTINGS).judge([tmp_path / "two.jpg"])
    assert table.num_rows == 1
    (crop,) = recorder.seen
    assert crop.pixels.shape[0] == 300  # 200 px of face, half as much around it.


def test_crops_are_judged_as_they_are_with_the_face_in_the_middle(tmp_path: Path, picture) -> None:
    (tmp_path / "crop.jpg").write_bytes(picture(300, 240))
    (tmp_path / "broken.jpg").write_bytes(b"not a picture")
    recorder = Recorder()
    table = PictureJudge(None, [recorder], FACES, SETTINGS).judge(
        [tmp_path / "broken.jpg", tmp_path / "crop.jpg"]
    )
    assert table["status"].to_pylist() == ["failed_to_annotate", "labelled"]
    (crop,) = recorder.seen
    assert crop.pixels.shape == (240, 300, 3)
    assert crop.box_xyxy is not None
    np.testing.assert_allclose(crop.box_xyxy, [70, 40, 230, 200])
