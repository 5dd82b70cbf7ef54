from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torchvision import transforms
from torchvision.models import resnet50

from facecaption_assets.attributes.annotators import FaceCrop
from facecaption_assets.attributes.celeba_network import network_metadata
from facecaption_assets.attributes.celeba_resnet50 import CelebaAnnotator, prepare
from facecaption_assets.attributes.states import check_evidence
from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.models import ModelUnavailable

_NORMALISE = transforms.Compose(
    [transforms.ToTensor(), transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))]
)


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def by_hand(pixels: np.ndarray, side: int) -> torch.Tensor:
    """The authors' steps: the central square, PIL's bicubic filter, mean and deviation 0.5."""
    picture = Image.fromarray(pixels)
    width, height = picture.size
    square = min(width, height)
    left, top = (width - square) // 2, (height - square) // 2
    cropped = picture.crop((left, top, left + square, top + square))
    return _NORMALISE(cropped.resize((side, side), Image.BICUBIC))


@pytest.mark.parametrize("size", [(256, 256), (218, 178), (101, 150), (400, 333)])
def test_pictures_are_prepared_as_the_authors_do(size: tuple[int, int]) -> None:
    pixels = noise(*size)
    expected = by_hand(pixels, 256).permute(1, 2, 0).numpy()
    np.testing.assert_allclose(prepare(pixels, 256), expected, atol=1e-6)


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(4)
    network = resnet50(weights=None, num_classes=40).eval()
    network.fc.weight.data *= 20  # Answers that differ from one half.
    return network


@pytest.fixture(scope="module")
def checkpoint(network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("celeba") / "net.safetensors"
    save_file(network.state_dict(), path, metadata=network_metadata(96))
    return path


def test_probabilities_are_the_sigmoid_of_torchvisions_logits_in_celebas_order(
    network, checkpoint: Path
) -> None:
    faces = [FaceCrop(f"f{i}", noise(*size, i)) for i, size in enumerate([(96, 96), (120, 90)])]
    annotator = CelebaAnnotator(checkpoint, device="cpu")
    answers = annotator.annotate(faces)
    check_evidence(annotator, answers, 2)
    with torch.inference_mode():
        logits = network(torch.stack([by_hand(face.pixels, 96) for face in faces]))
    assert [list(answer.probabilities) for answer in answers] == [list(ATTRIBUTES)] * 2
    found = np.array([list(answer.probabilities.values()) for answer in answers])
    # bfloat16, where the processor has it, keeps eight bits.
    np.testing.assert_allclose(found, logits.sigmoid(), atol=0.02)
    assert np.ptp(found, axis=1).min() > 0.1


def test_answer_does_not_depend_on_the_batch(checkpoint: Path) -> None:
    faces = [FaceCrop(f"f{i}", noise(96, 96, i)) for i in range(3)]
    annotator = CelebaAnnotator(checkpoint, device="cpu")
    together, alone = annotator.annotate(faces), annotator.annotate(faces[1:2])
    found = list(alone[0].probabilities.values())
    np.testing.assert_allclose(list(together[1].probabilities.values()), found, atol=0.02)
    assert annotator.annotate([]) == []


def test_wrong_weights_name_the_setting_and_the_file(tmp_path: Path) -> None:
    save_file({"fc.weight": torch.ones(2, 2)}, tmp_path / "wrong.safetensors")
    with pytest.raises(ModelUnavailable, match=r"celeba_weights: .*wrong\.safetensors is not"):
        CelebaAnnotator(tmp_path / "wrong.safetensors", device="cpu")
