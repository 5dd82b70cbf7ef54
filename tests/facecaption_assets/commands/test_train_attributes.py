from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result
from typer.testing import CliRunner

from facecaption_assets.attributes.annotators import FaceCrop
from facecaption_assets.attributes.celeba_resnet50 import CelebaAnnotator
from facecaption_assets.cli import app
from tests.celeba_training import PLANTED, picture, write_celeba


@pytest.fixture(autouse=True)
def _torch_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No ImageNet weights of this machine's, and no variables that the command sets."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    for name in ("FACECAPTION_HOME", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")


def train(folder: Path, out: Path, *options: str) -> Result:
    arguments = ["train-attributes", "--celeba", str(folder), "--out", str(out), *options]
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("net.pth", (), "its name must end in .safetensors"),
        ("net.safetensors", ("--image-size", "16"), "image_size is 16; allowed is 64 to 1024"),
        ("net.safetensors", (), "celeba has no img_align_celeba"),
    ],
)
def test_what_cannot_be_trained_is_said_before_anything_is_written(
    tmp_path: Path, name: str, options: tuple[str, ...], message: str
) -> None:
    folder = tmp_path / "celeba"
    folder.mkdir()
    result = train(folder, tmp_path / "out" / name, *options)
    assert result.exit_code == 1
    assert message in " ".join(result.output.split())
    assert not (tmp_path / "out").exists()


def test_initial_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    folder = write_celeba(tmp_path / "celeba", 2, 2)
    torch.save({"conv1.weight": torch.ones(1)}, tmp_path / "other.pth")
    initial = ("--initial-weights", str(tmp_path / "other.pth"))
    result = train(folder, tmp_path / "net.safetensors", *initial)
    assert result.exit_code == 1
    assert "other.pth is not a ResNet-50" in " ".join(result.output.split())


@pytest.mark.slow
def test_resnet50_learns_a_planted_attribute_that_the_annotator_then_sees(tmp_path: Path) -> None:
    folder, out = write_celeba(tmp_path / "celeba", 64, 32), tmp_path / "net.safetensors"
    # A small set is seen in few steps: these are larger than the published ones.
    rate = ("--learning-rate", "1e-3", "--warmup-steps", "4")
    recipe = ("--epochs", "6", "--batch-size", "8", "--image-size", "64", *rate)
    result = train(folder, out, *recipe, "--workers", "0")
    assert result.exit_code == 0, result.output
    assert "begins with random weights" in result.output
    assert f'celeba_weights = "{out}"' in result.output
    annotator = CelebaAnnotator(out, device="cpu")
    random = np.random.default_rng(11)
    shown = [FaceCrop(str(i), picture(i % 2 == 1, random)) for i in range(40)]
    answers = [face.probabilities[PLANTED] > 0.5 for face in annotator.annotate(shown)]
    assert np.mean([answer == (i % 2 == 1) for i, answer in enumerate(answers)]) > 0.9
    again = train(folder, out, *recipe)
    assert "exists; choose another name" in again.output
