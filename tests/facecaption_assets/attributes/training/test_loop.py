import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from facecaption_assets.attributes.training.batches import PictureError
from facecaption_assets.attributes.training.celeba_folder import read_celeba
from facecaption_assets.attributes.training.loop import train
from facecaption_assets.attributes.training.run import TrainingRun
from facecaption_assets.attributes.training.state import StateError
from facecaption_assets.attributes.training.steps import TrainingFailed
from tests.celeba_training import PLANTED, SETTINGS, TinyNetwork, train_tiny, write_celeba

#: 5 steps per epoch, the last of 4 pictures; 3 epochs.
TRAINING, VALIDATION = 36, 10


@pytest.fixture(scope="module")
def celeba(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_celeba(tmp_path_factory.mktemp("celeba") / "set", TRAINING, VALIDATION)


@pytest.fixture(scope="module")
def uninterrupted(celeba: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "net.safetensors"
    train_tiny(celeba, out)
    return out


def weights_and_report(out: Path) -> tuple[bytes, str]:
    return out.read_bytes(), out.with_name(f"{out.name}.json").read_text()


# 2 forward passes per step and 2 per validation of an epoch: between saved states, before the
# first of them, in the validation after the first epoch, and in the last epoch.
@pytest.mark.parametrize(
    "dies_at", [9, *(pytest.param(each, marks=pytest.mark.slow) for each in (2, 12, 30))]
)
def test_killed_training_goes_on_to_the_very_same_result(
    celeba: Path, uninterrupted: Path, tmp_path: Path, dies_at: int
) -> None:
    out = tmp_path / "net.safetensors"
    command = [sys.executable, "-m", "tests.celeba_training", str(celeba), str(out), str(dies_at)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert out.with_name(f"{out.name}.state").exists()
    train_tiny(celeba, out)
    assert weights_and_report(out) == weights_and_report(uninterrupted)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "net.safetensors",
        "net.safetensors.json",
    ]


@pytest.mark.slow
def test_pictures_read_by_other_processes_change_nothing(
    celeba: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    train_tiny(celeba, tmp_path / "net.safetensors", workers=2)
    assert weights_and_report(tmp_path / "net.safetensors") == weights_and_report(uninterrupted)


def test_network_is_that_of_the_best_epoch_and_the_report_says_what_it_is_worth(
    uninterrupted: Path,
) -> None:
    report = json.loads(uninterrupted.with_name("net.safetensors.json").read_text())
    means = report["mean_validation_accuracy_by_epoch"]
    assert len(means) == SETTINGS.epochs
    assert report["mean_validation_accuracy"] == max(means) == means[report["best_epoch"] - 1]
    assert report["validation_accuracy"].keys() >= {PLANTED, "Male"}
    with safe_open(uninterrupted, "pt") as file:
        assert json.loads(file.metadata()["facecaption"])["image_size"] == 64
    assert load_file(uninterrupted).keys() == TinyNetwork().state_dict().keys()


def test_planted_attribute_is_learnt(tmp_path: Path) -> None:
    folder = read_celeba(write_celeba(tmp_path / "set", 64, 32))
    run = TrainingRun(tmp_path / "net.safetensors", torch.device("cpu"), report=lambda line: None)
    settings = replace(SETTINGS, epochs=12)
    accuracies = train(TinyNetwork(), folder, settings, run)
    assert accuracies[PLANTED] > 0.95


def test_finished_training_is_not_overwritten(celeba: Path, uninterrupted: Path) -> None:
    before = weights_and_report(uninterrupted)
    with pytest.raises(StateError, match=r"net\.safetensors exists; choose another name"):
        train_tiny(celeba, uninterrupted)
    assert weights_and_report(uninterrupted) == before


@pytest.fixture
def begun(celeba: Path, tmp_path: Path) -> Path:
    """A training that stops when its loss runs away; its first state is on disk."""
    out = tmp_path / "net.safetensors"
    broken = TinyNetwork()
    handle = broken.fc.register_forward_hook(lambda module, inputs, logits: logits * torch.nan)
    with pytest.raises(TrainingFailed, match="the loss is nan after step 3; lower the learning"):
        train_tiny(celeba, out, broken)
    handle.remove()
    return out


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"epochs": 4}, r"a training with epochs = 3, not 4"),
        ({"learning_rate": 0.01}, r"learning_rate = 0.02, not 0.01"),
    ],
)
def test_state_of_another_training_is_refused_with_what_differs(
    celeba: Path, begun: Path, changed: dict[str, float], message: str
) -> None:
    run = TrainingRun(begun, torch.device("cpu"))
    with pytest.raises(StateError, match=message):
        train(TinyNetwork(), read_celeba(celeba), replace(SETTINGS, **changed), run)


def test_state_of_other_pictures_or_weights_is_refused(begun: Path, tmp_path: Path) -> None:
    other = read_celeba(write_celeba(tmp_path / "other", TRAINING + 1, VALIDATION))
    run = TrainingRun(begun, torch.device("cpu"))
    with pytest.raises(StateError, match="with pictures = "):
        train(TinyNetwork(), other, SETTINGS, run)


def test_state_that_cannot_be_read_says_what_to_do(celeba: Path, begun: Path) -> None:
    begun.with_name(f"{begun.name}.state").write_bytes(b"torn, and more than eight bytes")
    with pytest.raises(StateError, match=r"cannot be read .*; remove it to begin anew"):
        train_tiny(celeba, begun)


def test_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = write_celeba(tmp_path / "set", 8, 8)
    (folder / "img_align_celeba" / "000003.jpg").write_bytes(b"not a picture")
    with pytest.raises(PictureError, match=r"000003\.jpg cannot be read"):
        train_tiny(folder, tmp_path / "net.safetensors")
