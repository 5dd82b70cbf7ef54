"""The commands that bring models in and give them away."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from flip_training.cli import app
from flip_training.config import Preset
from flip_training.model.flip import FLIPModel
from flip_training.model.tokenization import vocabulary_tokenizer
from flip_training.storage import Storage


def run(storage: Storage, *arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["--home", str(storage.home), *map(str, arguments)])
    return result.exit_code, result.output


def test_a_checkpoint_is_exported_with_its_numbers(built: Storage, tmp_path: Path) -> None:
    code, output = run(built, "export-hf", "llm", tmp_path / "out")
    assert code == 0, output
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "## Retrieval" in card
    assert (tmp_path / "out" / "modeling_flip.py").exists()


@pytest.mark.slow
def test_a_checkpoint_is_exported_to_onnx_with_its_processor(
    built: Storage, tmp_path: Path
) -> None:
    code, output = run(built, "export-onnx", "llm", tmp_path / "out")
    assert code == 0, output
    assert "image.onnx: differs by at most" in output
    assert {"text.onnx", "tokenizer.json", "preprocessor_config.json"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }


@pytest.mark.parametrize("command", ["export-hf", "export-onnx"])
@pytest.mark.parametrize(
    ("recipe", "message"), [("poems", "recipe 'poems'"), ("template", "template")]
)
def test_a_recipe_without_a_checkpoint_is_named(
    built: Storage, tmp_path: Path, command: str, recipe: str, message: str
) -> None:
    code, output = run(built, command, recipe, tmp_path / "out")
    assert code == 1
    assert message in output
    assert not (tmp_path / "out").exists()


@pytest.fixture
def their_file(micro: Preset, tmp_path: Path) -> Path:
    """A checkpoint as the authors save it, whose tokenizer is beside it."""
    words = vocabulary_tokenizer(["a red hat"])
    words.save_pretrained(tmp_path / "bert")
    vision = replace(micro.model.vision, width=64, heads=1)
    text = replace(
        micro.model.text, width=64, heads=1, vocab_size=len(words), enc_token_id=len(words) - 1
    )
    model = FLIPModel(replace(micro.model, vision=vision, text=replace(text, weights="bert")))
    weights = {
        name.replace("visual_encoder.", "visual_encoder.vision_model.").replace(
            "post_layernorm", "post_layrnorm"
        ): tensor
        for name, tensor in model.state_dict().items()
    }
    torch.save({"model": weights}, tmp_path / "their.pth")
    return tmp_path / "their.pth"


def test_the_authors_checkpoint_becomes_a_model(their_file: Path, storage: Storage) -> None:
    out, words = their_file.parent / "out", their_file.parent / "bert"
    code, output = run(storage, "import-authors", their_file, out, "--tokenizer", words)
    assert code == 0, output
    assert FLIPModel.from_pretrained(out).config.vision.heads == 1


def test_a_tokenizer_of_another_size_is_refused(
    their_file: Path, storage: Storage, make_words: Callable[[str], Path]
) -> None:
    out, words = their_file.parent / "out", make_words("many other words")
    code, output = run(storage, "import-authors", their_file, out, "--tokenizer", words)
    assert code == 1
    assert "the tokenizer has" in output
    assert not out.exists()


@pytest.fixture
def make_words(tmp_path: Path) -> Callable[[str], Path]:
    def make(captions: str) -> Path:
        vocabulary_tokenizer([captions]).save_pretrained(tmp_path / "words")
        return tmp_path / "words"

    return make
