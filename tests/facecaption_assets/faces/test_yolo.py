import os
from pathlib import Path

import numpy as np
import pytest
import torch

from facecaption_assets.faces.networks import Found, Thresholds
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.faces.yolo import YoloFaceDetector
from facecaption_assets.memory import OutOfMemory

SETTINGS = FaceSettings(image_size=64, batch_size=8)


class OneFace:
    """Finds a face of 16 x 8 px in the middle of what it is given; dies of too large batches."""

    stride = 32

    def __init__(self, fixed: tuple[int, int] | None = None, fits: int = 100) -> None:
        self.fixed_shape = fixed
        self.fits = fits
        self.batches: list[tuple[int, ...]] = []

    def find(self, pictures: torch.Tensor, thresholds: Thresholds) -> list[Found]:
        self.batches.append((len(pictures), *pictures.shape[2:]))
        if len(pictures) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        x, y = pictures.shape[3] / 2, pictures.shape[2] / 2
        box = torch.tensor([[x - 8, y - 4, x + 8, y + 4]])
        points = torch.tensor([[[x - 4, y - 2], [x + 4, y - 2], [x, y], [x - 3, y + 2], [x, y]]])
        return [Found(box, torch.tensor([0.8]), points) for _ in pictures]


def detector(network: OneFace) -> YoloFaceDetector:
    return YoloFaceDetector(network, "one face", SETTINGS)


def picture(height: int, width: int) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


@pytest.mark.parametrize("fixed", [None, (64, 64)])
def test_coordinates_are_those_of_the_picture_that_was_given(fixed: tuple[int, int] | None) -> None:
    found = detector(OneFace(fixed)).detect([picture(100, 200), picture(128, 64)])
    (on_wide,), (on_tall,) = found
    assert on_wide.bbox_xyxy == pytest.approx((75, 37.5, 125, 62.5))
    assert on_tall.bbox_xyxy == pytest.approx((16, 56, 48, 72))
    assert on_wide.score == pytest.approx(0.8)
    assert on_wide.landmarks is not None
    assert on_wide.landmarks[0] == pytest.approx((87.5, 43.75))


def test_pictures_of_equal_shape_share_a_call_and_keep_their_places() -> None:
    network = OneFace()
    found = detector(network).detect([picture(100, 200), picture(200, 100), picture(50, 99)])
    assert network.batches == [(2, 32, 64), (1, 64, 32)]
    widths = [face.bbox_xyxy[2] - face.bbox_xyxy[0] for (face,) in found]
    assert widths == pytest.approx([50, 50, 24.75])


@pytest.mark.parametrize(
    "shape", [(1, 1), (2, 3000), (3000, 2), (64, 64), (48, 64), (333, 500), (1000, 667)]
)
def test_the_announced_input_shape_is_what_the_network_sees(shape: tuple[int, int]) -> None:
    network = OneFace()
    looking = detector(network)
    assert len(looking.detect([picture(*shape)])[0]) <= 1
    assert network.batches == [(1, *looking.input_shape(*shape))]


def test_no_pictures_have_no_faces() -> None:
    network = OneFace()
    assert detector(network).detect([]) == []
    assert network.batches == []


def test_a_batch_that_does_not_fit_is_halved_once_and_for_all() -> None:
    network = OneFace(fits=2)
    looking = detector(network)
    pictures = [picture(64, 64)] * 7
    assert [len(faces) for faces in looking.detect(pictures)] == [1] * 7
    assert [batch[0] for batch in network.batches] == [7, 3, 1, 1, 1, 1, 1, 1, 1]
    looking.detect(pictures[:2])
    assert [batch[0] for batch in network.batches[-2:]] == [1, 1]


def test_a_picture_that_does_not_fit_alone_is_an_error_that_names_size_and_setting() -> None:
    with pytest.raises(
        OutOfMemory, match=r"one picture of 64 x 32 px; .*FaceSettings\.image_size \(64\).*CUDA out"
    ):
        detector(OneFace(fits=0)).detect([picture(50, 100)] * 3)


def test_loading_leaves_the_environment_of_child_processes_alone(tmp_path: Path) -> None:
    before = os.environ.get("OMP_NUM_THREADS")
    detector(OneFace())
    assert os.environ.get("OMP_NUM_THREADS") == before


def test_an_image_size_that_the_network_cannot_see_is_an_error_that_names_the_setting() -> None:
    settings = FaceSettings(image_size=650)
    with pytest.raises(ValueError, match=r"FaceSettings\.image_size is 650; .*multiple of 32"):
        YoloFaceDetector(OneFace(), "one face", settings)
    YoloFaceDetector(OneFace((64, 64)), "one face", settings)
