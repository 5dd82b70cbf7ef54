"""Files of a finished model with its tokenizer: safetensors and JSON, nothing is pickled.

Where they lie belongs to ``storage``; the state that resumes a training to ``training_state``.
"""

from pathlib import Path

from transformers import BertTokenizer

from flip_training.model.flip import FLIPModel
from flip_training.model.hub import model_folder
from flip_training.model.model_card import CardFacts, model_card
from flip_training.model.processing import processor_of


def save_checkpoint(
    folder: str | Path,
    model: FLIPModel,
    tokenizer: BertTokenizer,
    facts: CardFacts | None = None,
) -> None:
    """Write the model, the files of its processor and its card, ``README.md``.

    Args:
        folder: Made where it is missing.
        model: The model.
        tokenizer: Its tokenizer.
        facts: What the card says beside the settings.
    """
    folder, config = Path(folder), model.config
    model.save_pretrained(folder)
    processor_of(tokenizer, config.vision.image_size, config.text.max_length).write(folder)
    (folder / "README.md").write_text(model_card(config, facts or CardFacts()), "utf-8")


def load_checkpoint(name_or_folder: str | Path) -> tuple[FLIPModel, BertTokenizer]:
    """The model, on the CPU and in evaluation mode, and its tokenizer.

    Args:
        name_or_folder: A folder, or the name of a model on the Hugging Face hub.

    Raises:
        FileNotFoundError: If there is no model.
        ValueError: If the tokenizer is not the one that the model was trained with.
    """
    folder = model_folder(name_or_folder)
    model = FLIPModel.from_pretrained(folder)
    tokenizer = BertTokenizer.from_pretrained(folder)
    require_own_tokenizer(model, tokenizer, str(name_or_folder))
    return model, tokenizer


def require_own_tokenizer(model: FLIPModel, tokenizer: BertTokenizer, name: str) -> None:
    """Refuse a tokenizer of another size.

    Raises:
        ValueError: If its tokens are not as many as the model's.
    """
    if len(tokenizer) != model.config.text.vocab_size:
        raise ValueError(
            f"{name}: the tokenizer has {len(tokenizer)} tokens, "
            f"the model {model.config.text.vocab_size}"
        )
