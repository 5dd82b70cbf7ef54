"""Files of a finished model, and of the state that resumes a training."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from flip_training.checkpoint import (
    Progress,
    load_checkpoint,
    load_state,
    save_checkpoint,
    save_state,
)
from flip_training.config import Preset
from flip_training.flip import FLIPModel
from flip_training.tokenization import tokenize, vocabulary_tokenizer


@pytest.fixture
def model(micro: Preset) -> FLIPModel:
    torch.manual_seed(0)
    text = replace(micro.model.text, vocab_size=30, enc_token_id=4)
    return FLIPModel(replace(micro.model, text=text)).eval()


def test_a_saved_model_computes_the_same(model: FLIPModel, tmp_path: Path) -> None:
    tokenizer = vocabulary_tokenizer(["a red hat", "a blue coat"])
    enc = tokenizer.get_vocab()["[ENC]"]
    text = replace(model.config.text, vocab_size=len(tokenizer), enc_token_id=enc)
    model = FLIPModel(replace(model.config, text=text)).eval()
    save_checkpoint(tmp_path, model, tokenizer)
    again, same = load_checkpoint(tmp_path)
    assert again.config == model.config
    for words in (tokenizer, same):
        tokens = tokenize(words, ["A blue hat."], 65)
        torch.testing.assert_close(again.encode_text(**tokens), model.encode_text(**tokens))


def test_a_tokenizer_of_another_model_is_refused(model: FLIPModel, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, model, vocabulary_tokenizer(["a red hat"]))
    with pytest.raises(ValueError, match="the model 30"):
        load_checkpoint(tmp_path)


class Trained:
    """A line that has taken two steps, and its optimizer."""

    def __init__(self, seed: int) -> None:
        torch.manual_seed(seed)
        self.line = nn.Linear(3, 2)
        self.optimizer = torch.optim.AdamW(self.line.parameters(), lr=0.1)
        for _ in range(2):
            self.line(torch.ones(1, 3)).sum().backward()
            self.optimizer.step()

    def save(self, path: Path) -> None:
        progress = Progress("settings", 2, [{"step": 5.0, "loss_itc": 1.5}])
        save_state(path, progress, {"line": self.line}, self.optimizer)

    def load(self, path: Path, version: str, report: Callable[[str], None]) -> Progress | None:
        return load_state(path, version, {"line": self.line}, self.optimizer, report)


def unheard(line: str) -> None:
    raise AssertionError(line)


def test_a_state_is_restored_whole(tmp_path: Path) -> None:
    one, other = Trained(0), Trained(1)
    one.save(tmp_path / "work" / "state.safetensors")
    progress = other.load(tmp_path / "work" / "state.safetensors", "settings", unheard)
    assert progress == Progress("settings", 2, [{"step": 5.0, "loss_itc": 1.5}])
    torch.testing.assert_close(other.line.weight, one.line.weight)
    for index, state in one.optimizer.state_dict()["state"].items():
        for name, value in state.items():
            restored = other.optimizer.state_dict()["state"][index][name]
            torch.testing.assert_close(restored, value)


@pytest.mark.parametrize("version", ["settings", "other settings"])
def test_only_a_state_of_the_same_settings_is_restored(tmp_path: Path, version: str) -> None:
    one, other = Trained(0), Trained(1)
    before = other.line.weight.detach().clone()
    one.save(tmp_path / "state.safetensors")
    restored = other.load(tmp_path / "state.safetensors", version, unheard)
    assert (restored is not None) == (version == "settings")
    assert torch.equal(other.line.weight, before) == (restored is None)


def test_no_state_is_nothing_to_tell(tmp_path: Path) -> None:
    assert Trained(0).load(tmp_path / "state.safetensors", "settings", unheard) is None


@pytest.mark.parametrize(
    "tear",
    [
        lambda data: b"",
        lambda data: data[:20],
        lambda data: data[:-4],
        lambda data: b"\0" * len(data),
        lambda data: data.replace(b'"epochs_done"', b'"epochs_gone"'),
        lambda data: data.replace(b'"settings"', b'"se\xfftings"'),
    ],
    ids=["empty", "no header", "short", "zeros", "no epochs", "no text"],
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


def test_a_checkpoint_has_a_card_and_the_processors_files(model: FLIPModel, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, model, vocabulary_tokenizer(["a red hat"]))
    assert {path.name for path in tmp_path.iterdir()} == {
        "README.md",
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }


@pytest.mark.parametrize("package", ["flip_training", "facecaption_assets"])
def test_nothing_is_pickled(package: str) -> None:
    """What others pickled is read as plain tensors only, and nothing of ours is pickled."""
    sources = [path for path in Path(package).rglob("*.py")]
    assert sources
    for path in sources:
        text = path.read_text("utf-8")
        for word in ("torch.save(", "pickle.load", "pickle.dump", "Unpickler", "joblib"):
            assert word not in text, f"{path}: {word}"
        loads = text.count("torch.load(")
        assert text.count("weights_only=True") >= loads, path
