"""How many processes train together; what they do is in ``test_train_processes``."""

import json
from pathlib import Path

import pytest
import torch

from flip_training.training.launching import process_count, telling_why


@pytest.mark.parametrize(
    ("asked", "device", "gpus", "count"),
    [
        ("auto", "cpu", 8, 1),
        ("auto", "cuda", 8, 8),
        ("auto", "cuda", 1, 1),
        ("2", "cpu", 0, 2),
        ("3", "cuda", 8, 3),
    ],
)
def test_one_process_per_gpu_unless_asked_otherwise(
    monkeypatch: pytest.MonkeyPatch, asked: str, device: str, gpus: int, count: int
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    assert process_count(asked, device) == count


@pytest.mark.parametrize("asked", ["0", "-1", "many", ""])
def test_what_is_no_number_of_processes_is_named(asked: str) -> None:
    with pytest.raises(ValueError, match=r"FLIP_PROCESSES must be auto or a positive number, got "):
        process_count(asked, "cpu")


def test_a_process_tells_its_launcher_why_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / "error.json"))
    with pytest.raises(ValueError, match="no pairs"), telling_why():
        raise ValueError("no pairs")
    told = json.loads((tmp_path / "error.json").read_text())["message"]
    assert told["message"] == "ValueError: no pairs"
    assert told["extraInfo"]["at"] > 0
