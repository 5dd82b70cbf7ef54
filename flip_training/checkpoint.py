"""Files of a finished model with its tokenizer: safetensors and JSON, nothing is pickled.

Where they lie belongs to ``storage``; the state that resumes a training to ``training_state``.
"""

from pathlib import Path

from transformers import BertTokenizer

from flip_training.flip import FLIPModel


def save_checkpoint(folder: str | Path, model: FLIPModel, tokenizer: BertTokenizer) -> None:
    """Write ``config.json``, ``model.safetensors`` and the tokenizer's files."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def load_checkpoint(folder: str | Path) -> tuple[FLIPModel, BertTokenizer]:
    """The model, on the CPU and in evaluation mode, and its tokenizer.

    Raises:
        FileNotFoundError: If the folder holds no model.
        ValueError: If the tokenizer is not the one that the model was trained with.
    """
    model = FLIPModel.from_pretrained(folder)
    tokenizer = BertTokenizer.from_pretrained(folder)
    if len(tokenizer) != model.config.text.vocab_size:
        raise ValueError(
            f"{folder}: the tokenizer has {len(tokenizer)} tokens, "
            f"the model {model.config.text.vocab_size}"
        )
    return model, tokenizer
