"""Parameter groups, and the learning rate as a function of the step."""

import math
from typing import Any

import torch
from torch import nn

from flip_training.config import TrainConfig


def param_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Trainable parameters in two groups: matrices decay; biases, norms and scalars do not.

    BLIP's pre-training, which the authors' descends from, decays all of them alike: there the
    decay also pulls norms' gains and the temperature towards 0.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]


def adamw(model: nn.Module, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW over the model's groups, in one pass over each; the learning rate is set each step."""
    return torch.optim.AdamW(param_groups(model, config.weight_decay), lr=config.lr, fused=True)


def lr_at(step: int, steps_per_epoch: int, config: TrainConfig) -> float:
    """Learning rate of a step, counted from 0.

    Rises linearly from ``warmup_lr`` to ``lr`` over ``warmup_steps``. Then ``step_decay`` is
    ``max(min_lr, lr x decay^epoch)``, as published, and ``cosine`` falls by half a wave from ``lr``
    to ``min_lr`` at the end of the last epoch. The published warm-up ends with the first epoch,
    whether it has reached ``lr`` or not; here it is as long as the setting says.
    """
    if step < config.warmup_steps:
        share = step / config.warmup_steps
        return config.warmup_lr + share * (config.lr - config.warmup_lr)
    if config.schedule == "step_decay":
        return max(config.min_lr, config.lr * config.decay ** (step // steps_per_epoch))
    rest = max(1, config.epochs * steps_per_epoch - config.warmup_steps)
    wave = (1 + math.cos(math.pi * (step - config.warmup_steps) / rest)) / 2
    return config.min_lr + wave * (config.lr - config.min_lr)
