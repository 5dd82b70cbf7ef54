from pathlib import Path

import numpy as np
import pytest
import torch

from facecaption_assets.attributes.annotators import FaceCrop
from facecaption_assets.attributes.bisenet import BiSeNet
from facecaption_assets.attributes.face_parsing import INPUT_SIDE, FaceParsingAnnotator


@pytest.fixture(scope="module")
def annotator(tmp_path_factory: pytest.TempPathFactory) -> FaceParsingAnnotator:
    """Random weights: what they see is noise, and how it is shown to them is real."""
    torch.manual_seed(0)
    path: Path = tmp_path_factory.mktemp("weights") / "random.pth"
    torch.save(BiSeNet().state_dict(), path)
    return FaceParsingAnnotator(path, device="cpu")


def test_faces_of_any_size_get_evidence_in_order(annotator: FaceParsingAnnotator) -> None:
    faces = [FaceCrop(f"f{side}", np.zeros((side, side, 3), np.uint8)) for side in (64, 500)]
    assert len(annotator.annotate(faces)) == 2


def test_no_faces_need_no_call(annotator: FaceParsingAnnotator) -> None:
    assert annotator.annotate([]) == []


def test_noise_is_no_evidence_but_sharp(annotator: FaceParsingAnnotator) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (128, 128, 3), np.uint8)
    (evidence,) = annotator.annotate([FaceCrop("noise", pixels)])
    assert evidence.probabilities.keys() == {"Blurry"}
    assert evidence.probabilities["Blurry"] < 0.15
    assert evidence.age_years is None


def test_network_sees_imagenet_normalised_pixels(
    annotator: FaceParsingAnnotator, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def network(x: torch.Tensor) -> torch.Tensor:
        seen.append(x.float())
        return torch.zeros(len(x), 19, INPUT_SIDE, INPUT_SIDE)

    monkeypatch.setattr(annotator, "_network", network)
    annotator.annotate([FaceCrop("grey", np.full((100, 80, 3), 51, np.uint8))])
    (x,) = seen
    expected = (0.2 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    assert x.shape == (1, 3, INPUT_SIDE, INPUT_SIDE)
    np.testing.assert_allclose(x[0, :, 0, 0], expected, rtol=1e-2)
