"""Commands of ``flip`` that bring models in and give them away.

Arguments in, text out; heavy libraries are loaded when a command runs.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flip_training.commands.terminal import console, stop
from flip_training.pairs.recipe_files import find_recipe
from flip_training.storage import GateFailed, PartitionMissing, Storage

if TYPE_CHECKING:
    from transformers import BertTokenizer

    from flip_training.model.flip import FLIPModel

app = typer.Typer()

_Recipe = Annotated[str, typer.Argument(help="Recipe whose checkpoint is exported.")]
_Out = Annotated[Path, typer.Argument(help="Folder to write into.")]


def _checkpoint(recipe: str) -> "tuple[Storage, FLIPModel, BertTokenizer]":
    """The recipe's finished model, if it passed its gates."""
    from flip_training.model.checkpoint import load_checkpoint

    storage = Storage.from_environment()
    storage.require("flip_checkpoints", find_recipe(storage, recipe).name)
    return storage, *load_checkpoint(storage.model_path(recipe))


@app.command("export-hf")
def export_hf(recipe: _Recipe, out: _Out) -> None:
    """Export a checkpoint with its code, so that transformers' AutoModel loads it."""
    from flip_training.model.hf_export import export_for_transformers
    from flip_training.model.model_card import facts_of, model_card

    try:
        storage, model, tokenizer = _checkpoint(recipe)
    except (OSError, ValueError, PartitionMissing, GateFailed) as error:
        raise stop(str(error)) from None
    card = model_card(model.config, facts_of(storage, recipe))
    export_for_transformers(out, model, tokenizer, card)
    console.print(f"{out}: load with AutoModel and trust_remote_code=True", soft_wrap=True)


@app.command("export-onnx")
def export_onnx(recipe: _Recipe, out: _Out) -> None:
    """Export the two encoders of a checkpoint as ONNX, checked against it."""
    from flip_training.model.onnx_export import ExportMismatch
    from flip_training.model.onnx_export import export_onnx as export

    try:
        _, model, tokenizer = _checkpoint(recipe)
        differences = export(model, out)
    except (OSError, ValueError, PartitionMissing, GateFailed, ExportMismatch) as error:
        raise stop(str(error)) from None
    except ImportError as error:
        missing = f"{error}; install facecaption with the extra flip-onnx"
        raise stop(missing) from None
    _write_processor(model, tokenizer, out)
    for name, difference in differences.items():
        console.print(f"{out / name}: differs by at most {difference:.1e}", soft_wrap=True)


@app.command("import-authors")
def import_authors(
    file: Annotated[Path, typer.Argument(help="Their checkpoint, .pth or .safetensors.")],
    out: _Out,
    tokenizer: Annotated[
        str, typer.Option(help="Hub name or folder of the BERT whose tokenizer they use.")
    ] = "bert-base-uncased",
) -> None:
    """Turn a checkpoint of FLIP's authors into a model of this package."""
    from flip_training.model.authors import read_authors_model
    from flip_training.model.checkpoint import require_own_tokenizer, save_checkpoint
    from flip_training.model.tokenization import pretrained_tokenizer

    try:
        model = read_authors_model(file)
        words = pretrained_tokenizer(tokenizer)
        require_own_tokenizer(model, words, f"--tokenizer {tokenizer}")
        save_checkpoint(out, model, words)
    except (OSError, ValueError) as error:
        raise stop(str(error)) from None
    console.print(f"{out}: load with FLIPModel.from_pretrained", soft_wrap=True)


def _write_processor(model: "FLIPModel", tokenizer: "BertTokenizer", out: Path) -> None:
    from flip_training.model.processing import processor_of

    config = model.config
    processor_of(tokenizer, config.vision.image_size, config.text.max_length).write(out)
