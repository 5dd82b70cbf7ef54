"""The state that resumes a training: restored whole, or not at all, and never torn."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from flip_training.training import training_state
from flip_training.training.training_state import Progress, load_state, save_state

PROGRESS = Progress(
    "settings",
    steps_done=7,
    history=[{"step": 5, "loss_itc": 1.5}],
    pending=[{"loss_itc": 1.25}],
    scaler={"scale": 1024.0},
)


class Trained:
    """A line that has taken two steps, and its optimizer."""

    def __init__(self, seed: int, width: int = 3) -> None:
        torch.manual_seed(seed)
        self.line = nn.Linear(width, 2)
        self.optimizer = torch.optim.AdamW(self.line.parameters(), lr=0.1)
        for _ in range(2):
            self.line(torch.ones(1, width)).sum().backward()
            self.optimizer.step()

    def save(self, path: Path) -> None:
        save_state(path, PROGRESS, self.line, self.optimizer)

    def load(self, path: Path, version: str, report: Callable[[str], None]) -> Progress | None:
        return load_state(path, version, self.line, self.optimizer, report)


def unheard(line: str) -> None:
    raise AssertionError(line)


def test_a_state_is_restored_whole(tmp_path: Path) -> None:
    one, other = Trained(0), Trained(1)
    one.save(tmp_path / "work" / "state.safetensors")
    progress = other.load(tmp_path / "work" / "state.safetensors", "settings", unheard)
    assert progress == PROGRESS
    torch.testing.assert_close(other.line.weight, one.line.weight)
    for index, state in one.optimizer.state_dict()["state"].items():
        for name, value in state.items():
            restored = other.optimizer.state_dict()["state"][index][name]
            torch.testing.assert_close(restored, value)


def test_a_state_of_other_settings_is_left_and_told(tmp_path: Path) -> None:
    Trained(0).save(tmp_path / "state.safetensors")
    other, lines = Trained(1), list[str]()
    before = other.line.weight.detach().clone()
    assert other.load(tmp_path / "state.safetensors", "other settings", lines.append) is None
    assert torch.equal(other.line.weight, before)
    assert "of other settings or pairs" in lines[0]


def test_a_state_of_another_model_is_left_and_told(tmp_path: Path) -> None:
    Trained(0).save(tmp_path / "state.safetensors")
    wider, lines = Trained(1, width=4), list[str]()
    assert wider.load(tmp_path / "state.safetensors", "settings", lines.append) is None
    assert "of another model" in lines[0]


def test_the_last_good_state_stays_where_a_write_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.safetensors"
    Trained(0).save(path)
    good = path.read_bytes()

    def full(tensors: object, local: Path, metadata: object) -> None:
        local.write_bytes(b"half")
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(training_state, "save_file", full)
        with pytest.raises(OSError, match="no space"):
            Trained(1).save(path)
    assert path.read_bytes() == good
    assert [p.name for p in tmp_path.iterdir()] == ["state.safetensors"]


def test_no_state_is_nothing_to_tell(tmp_path: Path) -> None:
    assert Trained(0).load(tmp_path / "state.safetensors", "settings", unheard) is None


@pytest.mark.parametrize(
    "tear",
    [
        lambda data: b"",
        lambda data: data[:20],
        lambda data: data[:-4],
        lambda data: b"\0" * len(data),
        lambda data: data.replace(b"steps_done", b"steps_gone"),
        lambda data: data.replace(b"settings", b"se\xfftings"),
    ],
    ids=["empty", "no header", "short", "zeros", "no steps", "no text"],
)
def test_a_torn_state_is_told_and_counts_as_none(
    tmp_path: Path, tear: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "state.safetensors"
    Trained(0).save(path)
    path.write_bytes(tear(path.read_bytes()))
    other, lines = Trained(1), list[str]()
    before = other.line.weight.detach().clone()
    assert other.load(path, "settings", lines.append) is None
    (line,) = lines
    assert line.startswith(f"starts anew: {path} cannot be read")
    assert torch.equal(other.line.weight, before)


def test_a_state_is_on_disk_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.safetensors"
    named_when_synced: list[bool] = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        named_when_synced.append(path.exists())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    Trained(0).save(path)
    assert named_when_synced == [False, True]  # the file, then its folder
