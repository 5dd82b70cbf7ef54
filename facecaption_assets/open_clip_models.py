"""Models in open_clip's folders, from the hub or this machine: found, loaded safely, refused.

open_clip is the optional extra ``coca``. What a model computes belongs to the module that uses it.
"""

from pathlib import Path
from typing import Any, Final

from facecaption_assets.hub_models import find_file
from facecaption_assets.models import ModelUnavailable

#: Says that a model is open_clip's.
CONFIG_FILE: Final = "open_clip_config.json"

#: Weights, the first that there is; those of the second kind are read as plain tensors only.
_WEIGHTS_FILES: Final = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


def load_open_clip(model: str, config: Path, setting: str) -> tuple[Any, Any, Any]:
    """Network in evaluation mode, on the CPU, what prepares a picture, and tokenizer.

    Args:
        model: Folder, or name on the hub, with ``@revision`` where a certain one is meant.
        config: Its ``open_clip_config.json``, local.
        setting: Setting that names the model, for messages.

    Raises:
        ModelUnavailable: If open_clip is not installed, or the model is damaged.
    """
    from safetensors import SafetensorError

    try:
        import open_clip
    except ImportError as error:
        raise ModelUnavailable(
            f'{setting} = {model!r} is a model of open_clip; pip install "facecaption[coca]"'
        ) from error
    if not any(find_file(model, name) for name in _WEIGHTS_FILES):
        raise ModelUnavailable(f"{setting} = {model!r} has none of {', '.join(_WEIGHTS_FILES)}")
    place = f"local-dir:{config.parent}"
    try:
        network, prepare = open_clip.create_model_from_pretrained(place)
        tokenizer = open_clip.get_tokenizer(place)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise ModelUnavailable(f"{setting} = {model!r} cannot be loaded: {error}") from error
    return network.eval(), prepare, tokenizer
