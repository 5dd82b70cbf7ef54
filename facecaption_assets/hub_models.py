"""Models of the hub's layout, from the hub or a folder: found, loaded safely, refused by name.

Code that comes with a model is never run, pickled weights are read as plain tensors only, and a
model that lacks weights is refused. What a model computes belongs to the module that uses it;
files that are pinned by their hash to ``models``.
"""

from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Final, NoReturn

from facecaption_assets.models import ModelUnavailable

if TYPE_CHECKING:
    import torch

#: What transformers raises of files that are missing, damaged or of another make.
_DAMAGED: Final = (OSError, ValueError, RuntimeError, ImportError, KeyError, UnpicklingError)


def parse_model(model: str) -> tuple[str, str | None]:
    """Folder, or name on the hub, and revision of a setting's value ``name@revision``."""
    folder = Path(model).expanduser()
    if folder.exists():
        return str(folder), None
    name, _, revision = model.partition("@")
    return name, revision or None


def model_name(model: str) -> str:
    """What tables call a model: its name on the hub, or the last part of its folder."""
    folder = Path(model).expanduser()
    return folder.resolve().name if folder.exists() else model


def load_pretrained(
    network_class: Any, model: str, setting: str, dtype: "torch.dtype | None" = None
) -> tuple[Any, Any]:
    """Network in evaluation mode, on the CPU, and processor.

    Args:
        network_class: Class of transformers with ``from_pretrained``.
        model: Folder, or name on the hub, with ``@revision`` where a certain one is meant.
        setting: Setting that names the model, for the message.
        dtype: Number format of the weights; float32 where None.

    Raises:
        ModelUnavailable: If the model cannot be had, is damaged, or lacks weights.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoProcessor

    name, revision = parse_model(model)
    where = {"revision": revision, "trust_remote_code": False}
    try:
        network, info = network_class.from_pretrained(
            name,
            output_loading_info=True,
            dtype=dtype or torch.float32,
            weights_only=True,
            **where,
        )
        load_processor: Any = AutoProcessor.from_pretrained  # It is not annotated.
        processor = load_processor(name, **where)
    except (*_DAMAGED, SafetensorError) as error:
        _refuse(model, setting, error)
    if missing := sorted(map(str, (*info["missing_keys"], *info["mismatched_keys"]))):
        # transformers would go on with random numbers in their place.
        raise ModelUnavailable(
            f"{setting} = {model!r} lacks {len(missing)} of its weights, the first {missing[0]}"
        )
    return network.eval(), processor


def model_type(model: str, setting: str) -> str:
    """The ``model_type`` of a model's ``config.json``; weights are not loaded.

    Raises:
        ModelUnavailable: If the configuration cannot be had or read.
    """
    from transformers import AutoConfig

    name, revision = parse_model(model)
    try:
        config = AutoConfig.from_pretrained(name, revision=revision, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        _refuse(model, setting, error)
    return str(config.model_type)


def find_file(model: str, filename: str) -> Path | None:
    """Local file of a model, fetched from the hub where needed; None where there is none."""
    from transformers.utils.hub import cached_file

    name, revision = parse_model(model)
    try:
        found = cached_file(name, filename, revision=revision)
    except OSError:  # Whatever the reason is, loading the model tells it.
        return None
    return Path(found) if found else None


def _refuse(model: str, setting: str, error: Exception) -> NoReturn:
    folder = Path(model).expanduser()
    if (folder.is_absolute() or model.startswith(".")) and not folder.exists():
        # What the hub's library says of it is that it is no name.
        raise ModelUnavailable(
            f"{setting} = {model!r} cannot be loaded: there is no such folder"
        ) from error
    raise ModelUnavailable(
        f"{setting} = {model!r} cannot be loaded; give a folder, or the name of a model that "
        f"the hub has, which must be reachable unless the model is cached: {error}"
    ) from error
