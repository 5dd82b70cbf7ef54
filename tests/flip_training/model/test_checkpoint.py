"""Files of a finished model."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import flip_training
from flip_training.config import Preset
from flip_training.model.checkpoint import load_checkpoint, save_checkpoint
from flip_training.model.flip import FLIPModel
from flip_training.model.tokenization import tokenize, vocabulary_tokenizer


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


def test_whoever_may_read_the_folder_may_read_the_weights(model: FLIPModel, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    model.save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors").stat().st_mode & 0o777 == 0o644


def test_nothing_is_pickled() -> None:
    """What others pickled is read as plain tensors only, and nothing of ours is pickled."""
    sources = list(Path(flip_training.__path__[0]).rglob("*.py"))
    assert sources
    for path in sources:
        text = path.read_text("utf-8")
        for word in ("torch.save(", "pickle.load", "pickle.dump", "Unpickler(", "joblib"):
            assert word not in text, f"{path}: {word}"
        assert text.count("torch.load(") <= text.count("weights_only=True"), path
