"""The state that resumes a training: weights, optimizer, and how far it has come.

One safetensors file with a JSON record in its header; nothing is pickled. It does not depend on how
many processes wrote it. Files of finished models belong to ``checkpoint``; when a state is written
and read belongs to ``training``.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from flip_training.publishing import publish

_OBJECTIVE: Final = "objective"
_OPTIMIZER: Final = "optimizer"


@dataclass(frozen=True)
class Progress:
    """How far a training has come.

    Attributes:
        fingerprint: Of the settings and data that it belongs to.
        steps_done: Finished optimizer steps.
        history: Rows logged so far.
        pending: What the steps since the last row gave.
        scaler: State of the fp16 loss scaling; empty for other precisions.
    """

    fingerprint: str
    steps_done: int
    history: list[dict[str, float]]
    pending: list[dict[str, float]] = field(default_factory=list)
    scaler: dict[str, float] = field(default_factory=dict)


def save_state(
    path: Path, progress: Progress, objective: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Write objective, optimizer and progress; the state before stays until this one is whole."""
    tensors = {
        f"{_OBJECTIVE}.{name}": tensor.detach().cpu().contiguous()
        for name, tensor in objective.state_dict().items()
    }
    for index, state in optimizer.state_dict()["state"].items():
        for name, tensor in state.items():
            tensors[f"{_OPTIMIZER}.{index}.{name}"] = tensor.detach().cpu().contiguous()
    path.parent.mkdir(parents=True, exist_ok=True)
    local = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        save_file(tensors, local, metadata={"progress": json.dumps(asdict(progress))})
        publish(local, path)
    finally:
        local.unlink(missing_ok=True)


def load_state(
    path: Path,
    fingerprint: str,
    objective: nn.Module,
    optimizer: torch.optim.Optimizer,
    report: Callable[[str], None],
) -> Progress | None:
    """Restore what ``save_state`` wrote; None where there is nothing of this fingerprint.

    A state of other settings, or one that cannot be read, counts as nothing and is reported: it
    costs the time of its steps, and must not keep the training from starting again.
    """
    if not path.exists():
        return None
    try:
        progress, tensors = _read_state(path)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        report(f"starts anew: {path} cannot be read ({error})")
        return None
    if progress.fingerprint != fingerprint:
        report(f"starts anew: {path} is of other settings or pairs")
        return None
    weights = _below(tensors, _OBJECTIVE)
    if _shapes(weights) != _shapes(objective.state_dict()):
        report(f"starts anew: {path} is of another model")
        return None
    objective.load_state_dict(weights)
    restored = optimizer.state_dict()
    restored["state"] = _optimizer_state(_below(tensors, _OPTIMIZER))
    optimizer.load_state_dict(restored)
    return progress


def _read_state(path: Path) -> tuple[Progress, dict[str, Tensor]]:
    with safe_open(path, "pt") as file:
        record = json.loads((file.metadata() or {})["progress"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return Progress(**record), tensors


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}


def _below(tensors: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    prefix = f"{part}."
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def _optimizer_state(tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Any]]:
    state: dict[int, dict[str, Any]] = {}
    for key, tensor in tensors.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = tensor
    return state
