"""One step of a training: forward, backward, and a look at the validation losses."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from facecaption_assets.attributes.training.batches import StepBatch
from facecaption_assets.attributes.training.run import TrainingRun
from facecaption_assets.attributes.training.settings import TrainingSettings
from facecaption_assets.attributes.training.state import TrainingState


class TrainingFailed(RuntimeError):
    """The numbers of a training ran away."""


def take_step(
    state: TrainingState,
    batch: StepBatch,
    rate: float,
    settings: TrainingSettings,
    run: TrainingRun,
) -> Tensor:
    """One step of the optimizer, then one look at validation losses.

    Args:
        state: What is changed.
        batch: The pictures.
        rate: Learning rate.
        settings: Norm of the gradient, and the seed.
        run: Device and precision.

    Returns:
        The weighted loss, a scalar on the device.
    """
    # Dropout's random numbers depend on the step alone, however often the training was interrupted.
    torch.manual_seed(int(np.random.SeedSequence((settings.seed, state.step)).generate_state(1)[0]))
    network = state.network.train()
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    losses = attribute_losses(network, batch.pixels, batch.labels, run)
    loss = (losses * state.adaptive.weights).sum(dim=1).mean()
    state.optimizer.zero_grad()
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(network.parameters(), settings.clip_norm)
    state.optimizer.step()
    network.eval()
    with torch.no_grad():
        held_out = attribute_losses(network, batch.validation_pixels, batch.validation_labels, run)
    state.adaptive.observe(state.step, held_out.mean(dim=0))
    state.step += 1
    return loss.detach()


def attribute_losses(
    network: nn.Module, pixels: Tensor, labels: Tensor, run: TrainingRun
) -> Tensor:
    """Loss of every attribute of every picture, (B, 40), float32."""
    logits = compute_logits(network, pixels, run)
    targets = labels.to(run.device, non_blocking=True)
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="none")


def compute_logits(network: nn.Module, pixels: Tensor, run: TrainingRun) -> Tensor:
    """Logits (B, 40), float32, of pictures (B, 3, S, S)."""
    x = pixels.to(run.device, non_blocking=True, memory_format=torch.channels_last)
    with torch.autocast(run.device.type, torch.bfloat16, enabled=run.is_mixed):
        logits: Tensor = network(x)
    return logits.float()


def require_finite(loss: Tensor, step: int) -> float:
    """The loss as a number.

    Raises:
        TrainingFailed: If it is none.
    """
    value = float(loss)
    if not np.isfinite(value):
        raise TrainingFailed(f"the loss is {value} after step {step}; lower the learning rate")
    return value
