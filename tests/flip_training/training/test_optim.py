"""The learning rate at chosen steps, and which parameters decay."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from flip_training.presets import base_paper
from flip_training.training.optim import adamw, lr_at, param_groups

PAPER = base_paper().train
STEPS = 23_925


@pytest.mark.parametrize(
    ("step", "lr"),
    [
        (0, 1e-6),
        (5_000, 8.25e-6),
        (10_000, 15.5e-6),
        (19_999, 2.999855e-5),
        (20_000, 3e-5),
        (STEPS - 1, 3e-5),
        (STEPS, 2.7e-5),
        (2 * STEPS, 2.43e-5),
        (14 * STEPS, 6.863038e-6),
        (32 * STEPS, 1.030105e-6),
        (33 * STEPS, 1e-6),
    ],
)
def test_published_schedule(step: int, lr: float) -> None:
    assert lr_at(step, STEPS, PAPER) == pytest.approx(lr)


def test_cosine_starts_at_the_peak_and_ends_at_the_floor() -> None:
    config = replace(PAPER, schedule="cosine", warmup_steps=10, epochs=2)
    assert lr_at(10, 100, config) == pytest.approx(config.lr)
    assert lr_at(105, 100, config) == pytest.approx((config.lr + config.min_lr) / 2)
    assert lr_at(200, 100, config) == pytest.approx(config.min_lr)


def test_only_matrices_decay() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2))
    matrices, rest = param_groups(model, 0.05)
    assert (len(matrices["params"]), matrices["weight_decay"]) == (1, 0.05)
    assert (len(rest["params"]), rest["weight_decay"]) == (3, 0.0)


def test_frozen_weights_are_left_out() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2).requires_grad_(False))
    assert sum(len(group["params"]) for group in param_groups(model, 0.05)) == 2


def test_a_step_is_adamws_with_decay_apart_from_the_gradient() -> None:
    layer = nn.Linear(1, 1)
    with torch.no_grad():
        layer.weight.fill_(2.0)
        layer.bias.fill_(2.0)
    optimizer = adamw(layer, replace(PAPER, lr=0.1, weight_decay=0.5))
    layer(torch.ones(1)).sum().backward()
    optimizer.step()
    assert layer.weight.item() == pytest.approx(2.0 * (1 - 0.1 * 0.5) - 0.1)
    assert layer.bias.item() == pytest.approx(2.0 - 0.1)
