"""Files of a model: the finished one with its tokenizer, and the state that resumes a training.

Both are safetensors and JSON; nothing is pickled. Where they lie belongs to ``storage``.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import BertTokenizer

from flip_training.flip import FLIPModel
from flip_training.storage import publish


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


@dataclass(frozen=True)
class Progress:
    """How far a training has come.

    Attributes:
        fingerprint: Of the settings and data that it belongs to.
        epochs_done: Finished epochs.
        history: Rows logged so far.
    """

    fingerprint: str
    epochs_done: int
    history: list[dict[str, float]]


def save_state(
    path: Path,
    progress: Progress,
    modules: Mapping[str, nn.Module],
    optimizer: torch.optim.Optimizer,
) -> None:
    """Write modules, optimizer and progress as one safetensors file; whole or not at all."""
    tensors = {
        f"{part}.{name}": tensor.detach().cpu().contiguous()
        for part, module in modules.items()
        for name, tensor in module.state_dict().items()
    }
    for index, state in optimizer.state_dict()["state"].items():
        for name, tensor in state.items():
            tensors[f"optimizer.{index}.{name}"] = tensor.detach().cpu().contiguous()
    record = {
        "fingerprint": progress.fingerprint,
        "epochs_done": str(progress.epochs_done),
        "history": json.dumps(progress.history),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    local = path.with_name(f".{path.name}.{os.getpid()}")
    save_file(tensors, local, metadata=record)
    publish(local, path)


def load_state(
    path: Path,
    fingerprint: str,
    modules: Mapping[str, nn.Module],
    optimizer: torch.optim.Optimizer,
    report: Callable[[str], None],
) -> Progress | None:
    """Restore what ``save_state`` wrote; None where there is nothing of this fingerprint.

    A file that cannot be read counts as nothing, and is reported: it costs the time of the epochs
    that it held, and must not keep the training from starting again.
    """
    if not path.exists():
        return None
    try:
        progress, tensors = _read_state(path)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        report(f"starts anew: {path} cannot be read ({error})")
        return None
    if progress.fingerprint != fingerprint:
        return None
    for part, module in modules.items():
        module.load_state_dict(_below(tensors, part))
    restored = optimizer.state_dict()
    restored["state"] = _optimizer_state(_below(tensors, "optimizer"))
    optimizer.load_state_dict(restored)
    return progress


def _read_state(path: Path) -> tuple[Progress, dict[str, Tensor]]:
    with safe_open(path, "pt") as file:
        record = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    history = json.loads(record["history"])
    return Progress(record["fingerprint"], int(record["epochs_done"]), history), tensors


def _below(tensors: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    prefix = f"{part}."
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def _optimizer_state(tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Any]]:
    state: dict[int, dict[str, Any]] = {}
    for key, tensor in tensors.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = tensor
    return state
