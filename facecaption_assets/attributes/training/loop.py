"""The training from beginning to end: epochs, validation, and the files that it leaves.

``<out>`` is the network of the best epoch so far, ``<out>.json`` what is said of it at the end, and
``<out>.state`` what an interrupted training goes on from; the end removes it.
"""

import hashlib
import json
from dataclasses import asdict
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from facecaption_assets.attributes.celeba_network import network_metadata
from facecaption_assets.attributes.training.adaptive_weights import AdaptiveWeights
from facecaption_assets.attributes.training.batches import (
    steps_per_epoch,
    training_batches,
    validation_batches,
)
from facecaption_assets.attributes.training.celeba_folder import CelebaFolder
from facecaption_assets.attributes.training.run import TrainingRun
from facecaption_assets.attributes.training.settings import TrainingSettings, learning_rate
from facecaption_assets.attributes.training.state import (
    StateError,
    TrainingState,
    load_state,
    save_state,
    write_tensors,
)
from facecaption_assets.attributes.training.steps import compute_logits, require_finite, take_step
from facecaption_assets.attributes.vocabulary import ATTRIBUTES


def train(
    network: nn.Module, folder: CelebaFolder, settings: TrainingSettings, run: TrainingRun
) -> dict[str, float]:
    """Train a network, or go on where the state on disk ends.

    Args:
        network: (B, 3, S, S) to logits (B, 40); its weights at the start belong to the training's
            identity.
        folder: Pictures and labels.
        settings: What decides the result.
        run: Where and how.

    Returns:
        Validation accuracy of each attribute in the best epoch, [0, 1].

    Raises:
        StateError: If ``out`` exists already, or its state is of another training.
        PictureError: If a picture cannot be read.
        TrainingFailed: If the loss is not a number.
    """
    if run.out.exists() and not run.state_path.exists():
        raise StateError(f"{run.out} exists; choose another name, or remove it")
    identity = {**asdict(settings), "pictures": _digest(folder), "start": _weights_digest(network)}
    state = _fresh_state(network, settings, run.device)
    if load_state(run.state_path, state, identity):
        run.report(f"goes on after step {state.step}")
    else:
        save_state(run.state_path, state, identity)
    per_epoch = steps_per_epoch(folder, settings)
    while (finished := state.step // per_epoch) < settings.epochs or finished > len(state.history):
        if finished > len(state.history):
            _judge(state, folder, settings, run)
        else:
            _take_epoch(state, folder, settings, run, identity)
        save_state(run.state_path, state, identity)
    return _finish(state, settings, run)


def _fresh_state(
    network: nn.Module, settings: TrainingSettings, device: torch.device
) -> TrainingState:
    network = network.to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    adaptive = AdaptiveWeights(len(ATTRIBUTES), settings.weighting_steps, device)
    return TrainingState(network, optimizer, adaptive)


def _take_epoch(
    state: TrainingState,
    folder: CelebaFolder,
    settings: TrainingSettings,
    run: TrainingRun,
    identity: dict[str, Any],
) -> None:
    """The steps that are left of the epoch."""
    per_epoch = steps_per_epoch(folder, settings)
    epoch, first = divmod(state.step, per_epoch)
    batches = training_batches(folder, settings, epoch, first, run.workers)
    title = f"epoch {epoch + 1} of {settings.epochs}"
    with tqdm(desc=title, total=per_epoch, initial=first, disable=None, leave=False) as progress:
        for batch in batches:
            rate = learning_rate(state.step, per_epoch * settings.epochs, settings)
            loss = take_step(state, batch, rate, settings, run)
            progress.update()
            if state.step % run.save_every == 0:
                progress.set_postfix(loss=require_finite(loss, state.step))
                save_state(run.state_path, state, identity)
    require_finite(loss, state.step)


def _judge(
    state: TrainingState, folder: CelebaFolder, settings: TrainingSettings, run: TrainingRun
) -> None:
    """Measure the epoch that was finished, and keep its network if it is the best so far."""
    network = state.network.eval()
    right = torch.zeros(len(ATTRIBUTES), dtype=torch.int64)
    with torch.no_grad():
        for pixels, labels in validation_batches(folder, settings, run.workers):
            positive = compute_logits(network, pixels, run).cpu() > 0
            right += (positive == (labels > 0)).sum(dim=0)
    accuracies = (right.double() / len(folder.validation.pictures)).tolist()
    state.history.append(accuracies)
    if state.history.index(max(state.history, key=_mean)) == len(state.history) - 1:
        write_tensors(run.out, network.state_dict(), network_metadata(settings.image_size))
    run.report(f"epoch {len(state.history)}: mean validation accuracy {_mean(accuracies):.4f}")


def _mean(accuracies: list[float]) -> float:
    return sum(accuracies) / len(accuracies)


def _finish(state: TrainingState, settings: TrainingSettings, run: TrainingRun) -> dict[str, float]:
    """Write down what the network is worth, and clear away the state."""
    best = max(state.history, key=_mean)
    accuracies = dict(zip(ATTRIBUTES, best, strict=True))
    record = {
        "settings": asdict(settings),
        "best_epoch": state.history.index(best) + 1,
        "mean_validation_accuracy": _mean(best),
        "validation_accuracy": accuracies,
        "mean_validation_accuracy_by_epoch": [_mean(each) for each in state.history],
    }
    local = run.report_path.with_name(f".{run.report_path.name}.tmp")
    local.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    local.replace(run.report_path)
    run.state_path.unlink()
    return accuracies


def _digest(folder: CelebaFolder) -> str:
    """Of the pictures' names and labels."""
    digest = hashlib.sha256()
    for split in (folder.training, folder.validation):
        digest.update("\n".join(path.name for path in split.pictures).encode())
        digest.update(split.labels.tobytes())
    return digest.hexdigest()[:16]


def _weights_digest(network: nn.Module) -> str:
    digest = hashlib.sha256()
    for tensor in network.state_dict().values():
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
