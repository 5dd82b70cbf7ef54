from pathlib import Path

import pytest
import torch

from facecaption_assets.faces.networks import Found, Thresholds
from facecaption_assets.faces.traced_network import TracedNetwork
from facecaption_assets.faces.weights import read_torchscript

#: torch warns of its own TorchScript writer; the file format is what is under test.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated")

CPU = torch.device("cpu")
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


def network(folder: Path, candidates: list[list[float]], size: int = 64) -> TracedNetwork:
    path = folder / "fixed.torchscript"
    torch.jit.save(torch.jit.script(FixedOutput(candidates)), path)
    return TracedNetwork(read_torchscript(path, CPU), path, size, CPU)


def find(folder: Path, candidates: list[list[float]]) -> Found:
    pictures = torch.zeros(1, 3, 64, 64, dtype=torch.uint8)
    (found,) = network(folder, candidates).find(pictures, Thresholds(0.25, 0.5))
    return found


def test_faces_have_box_score_and_points(tmp_path: Path) -> None:
    found = find(tmp_path, [FACE])
    assert found.boxes.tolist() == [[24, 28, 40, 36]]
    assert found.scores.tolist() == pytest.approx([0.8])
    assert found.points.tolist() == [[[28, 30], [36, 30], [32, 32], [29, 34], [35, 34]]]


def test_the_weaker_of_two_overlapping_boxes_is_suppressed(tmp_path: Path) -> None:
    weaker = [33, 32, 16, 8, 0.6, *FACE[5:]]
    elsewhere = [10, 10, 8, 8, 0.5, *FACE[5:]]
    found = find(tmp_path, [FACE, weaker, elsewhere])
    assert found.scores.tolist() == pytest.approx([0.8, 0.5])


def test_what_is_below_the_reported_score_is_left_out(tmp_path: Path) -> None:
    assert len(find(tmp_path, [[32, 32, 16, 8, 0.2, *FACE[5:]]]).boxes) == 0


def test_a_model_without_landmarks_gives_none(tmp_path: Path) -> None:
    assert find(tmp_path, [FACE[:5]]).points.shape == (1, 0, 2)


def test_a_model_with_several_classes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"FaceSettings\.detector.* gives 84 numbers"):
        network(tmp_path, [[1.0] * 84])


def test_a_size_that_the_model_was_not_made_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"does not run at FaceSettings\.image_size 96"):
        network(tmp_path, [FACE], 96)
