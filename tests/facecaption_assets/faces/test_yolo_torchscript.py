import os
from pathlib import Path

import numpy as np
import pytest
import torch

from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.faces.yolo_torchscript import TorchscriptFaceDetector

#: torch warns of its own TorchScript writer; the file format is what is under test.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated")

SETTINGS = FaceSettings(image_size=64, report_score=0.25, iou_threshold=0.5)
#: Centre, size, score; then x, y, visibility of five points, in pixels of the 64 px input.
FACE = [32, 32, 16, 8, 0.8, 28, 30, 1, 36, 30, 1, 32, 32, 1, 29, 34, 1, 35, 34, 1]


class FixedOutput(torch.nn.Module):
    """Gives the same candidates for every picture, in a tuple as YOLO's own export does."""

    candidates: torch.Tensor
    size: torch.Tensor

    def __init__(self, candidates: list[list[float]]) -> None:
        super().__init__()
        self.register_buffer("candidates", torch.tensor(candidates).T[None])
        self.register_buffer("size", torch.zeros(1, 3, 64, 64))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = x + self.size  # Fails at any other size, like a trace with anchors inside.
        return self.candidates.expand(x.shape[0], -1, -1) + 0 * x.sum(), x


def weights(folder: Path, candidates: list[list[float]]) -> Path:
    path = folder / "fixed.torchscript"
    torch.jit.save(torch.jit.script(FixedOutput(candidates)), path)
    return path


def detector(folder: Path, candidates: list[list[float]]) -> TorchscriptFaceDetector:
    return TorchscriptFaceDetector(weights(folder, candidates), SETTINGS, "cpu")


def test_coordinates_are_those_of_the_picture_that_was_given(tmp_path: Path) -> None:
    wide, tall = np.zeros((100, 200, 3), np.uint8), np.zeros((128, 64, 3), np.uint8)
    (on_wide,), (on_tall,) = detector(tmp_path, [FACE]).detect([wide, tall])
    # 200 x 100 is shrunk by 3.125 and has 16 px of padding above; 64 x 128 by 2, 16 px at the left.
    assert on_wide.bbox_xyxy == pytest.approx((75, 37.5, 125, 62.5))
    assert on_tall.bbox_xyxy == pytest.approx((16, 56, 48, 72))
    assert on_wide.score == pytest.approx(0.8)
    assert on_wide.landmarks is not None
    assert on_wide.landmarks[0] == pytest.approx((87.5, 43.75))


def test_the_weaker_of_two_overlapping_boxes_is_suppressed(tmp_path: Path) -> None:
    weaker = [33, 32, 16, 8, 0.6, *FACE[5:]]
    elsewhere = [10, 10, 8, 8, 0.5, *FACE[5:]]
    image = np.zeros((64, 64, 3), np.uint8)
    (faces,) = detector(tmp_path, [FACE, weaker, elsewhere]).detect([image])
    assert [round(face.score, 2) for face in faces] == [0.8, 0.5]


def test_what_is_below_the_reported_score_is_left_out(tmp_path: Path) -> None:
    faint = [32, 32, 16, 8, 0.2, *FACE[5:]]
    assert detector(tmp_path, [faint]).detect([np.zeros((64, 64, 3), np.uint8)]) == [[]]


def test_a_model_without_landmarks_gives_none(tmp_path: Path) -> None:
    ((face,),) = detector(tmp_path, [FACE[:5]]).detect([np.zeros((64, 64, 3), np.uint8)])
    assert face.landmarks is None


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 3000, 3), (3000, 2, 3)])
def test_pictures_of_extreme_shape_are_looked_at(
    tmp_path: Path, shape: tuple[int, int, int]
) -> None:
    assert len(detector(tmp_path, [FACE]).detect([np.zeros(shape, np.uint8)])) == 1


def test_no_pictures_have_no_faces(tmp_path: Path) -> None:
    assert detector(tmp_path, [FACE]).detect([]) == []


def test_a_model_with_several_classes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"FaceSettings\.detector.* gives 84 numbers"):
        detector(tmp_path, [[1.0] * 84])


def test_a_size_that_the_model_was_not_made_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"does not run at FaceSettings\.image_size 96"):
        TorchscriptFaceDetector(weights(tmp_path, [FACE]), FaceSettings(image_size=96), "cpu")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.torchscript"
    path.write_bytes(b"not a model")
    with pytest.raises(ValueError, match=r"notes\.torchscript is not a TorchScript file"):
        TorchscriptFaceDetector(path, SETTINGS, "cpu")


def test_loading_leaves_the_environment_of_child_processes_alone(tmp_path: Path) -> None:
    before = os.environ.get("OMP_NUM_THREADS")
    detector(tmp_path, [FACE])
    assert os.environ.get("OMP_NUM_THREADS") == before
