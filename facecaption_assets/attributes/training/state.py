"""The file from which an interrupted training goes on: all of its numbers, whole or not at all.

Safetensors with JSON in the metadata; nothing is pickled. Random numbers are not in it: they
follow from the seed and the step.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from facecaption_assets.attributes.training.adaptive_weights import AdaptiveWeights

_NETWORK = "network."
_OPTIMIZER = "optimizer."
_WEIGHTS = "adaptive.weights"
_LOSSES = "adaptive.losses"


class StateError(ValueError):
    """A training cannot go on from the state on disk; the message says what to do."""


@dataclass
class TrainingState:
    """Everything that changes in the course of a training.

    Attributes:
        network: Being trained.
        optimizer: Its optimizer.
        adaptive: The attributes' weights.
        step: Steps taken.
        history: Validation accuracy of each attribute, by finished epoch, [0, 1].
    """

    network: nn.Module
    optimizer: torch.optim.Optimizer
    adaptive: AdaptiveWeights
    step: int = 0
    history: list[list[float]] = field(default_factory=list)


def save_state(path: Path, state: TrainingState, identity: Mapping[str, Any]) -> None:
    """Write the state in one step, durable against power loss.

    Args:
        path: Where to.
        state: What to write.
        identity: What decides the training's result, by name, as JSON values.
    """
    record = {
        "identity": json.dumps(identity, sort_keys=True),
        "step": str(state.step),
        "history": json.dumps(state.history),
    }
    write_tensors(path, _tensors(state), record)


def load_state(path: Path, state: TrainingState, identity: Mapping[str, Any]) -> bool:
    """Bring a fresh state to where the file's training was; False where there is no file.

    Raises:
        StateError: If the file cannot be read, or is of a training with another identity.
    """
    if not path.exists():
        return False
    try:
        with safe_open(path, "pt") as file:
            record = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        _require_same(path, json.loads(record["identity"]), identity)
        _restore(state, tensors)
        state.step, state.history = int(record["step"]), json.loads(record["history"])
    except (SafetensorError, OSError, KeyError, TypeError, RuntimeError) as error:
        raise StateError(f"{path} cannot be read ({error}); remove it to begin anew") from error
    return True


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file in one step, durable against power loss."""
    local = path.with_name(f".{path.name}.tmp")
    held = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(held, local, metadata=metadata)
    _sync(local)
    local.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _tensors(state: TrainingState) -> dict[str, Tensor]:
    tensors = {_NETWORK + name: tensor for name, tensor in state.network.state_dict().items()}
    for index, moments in state.optimizer.state_dict()["state"].items():
        tensors |= {f"{_OPTIMIZER}{index}.{name}": tensor for name, tensor in moments.items()}
    return {**tensors, _WEIGHTS: state.adaptive.weights, _LOSSES: state.adaptive.losses}


def _restore(state: TrainingState, tensors: Mapping[str, Tensor]) -> None:
    device = state.adaptive.weights.device
    state.network.load_state_dict(_below(tensors, _NETWORK))
    moments: dict[int, dict[str, Tensor]] = {}
    for key, tensor in _below(tensors, _OPTIMIZER).items():
        index, _, name = key.partition(".")
        moments.setdefault(int(index), {})[name] = tensor
    state.optimizer.load_state_dict({**state.optimizer.state_dict(), "state": moments})
    state.adaptive.weights = tensors[_WEIGHTS].to(device)
    state.adaptive.losses = tensors[_LOSSES].to(device)


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


def _require_same(path: Path, found: Mapping[str, Any], identity: Mapping[str, Any]) -> None:
    for name in sorted({*found, *identity}):
        if found.get(name) != identity.get(name):
            raise StateError(
                f"{path} is of a training with {name} = {found.get(name)}, not "
                f"{identity.get(name)}: repeat that, or remove the file to begin anew"
            )
