"""The learning rate at chosen steps, and which parameters decay."""

from dataclasses import replace

import pytest
from torch import nn

from flip_training.optim import lr_at, param_groups
from flip_training.presets import base_paper

PAPER = base_paper().train
STEPS = 23_925


@pytest.mark.parametrize(
    ("step", "lr"),
    [
        (0, 1e-6),
        (10_000, (1e-6 + 3e-5) / 2),
        (20_000, 3e-5),
        (STEPS, 3e-5 * 0.9),
        (14 * STEPS, 3e-5 * 0.9**14),
        (100 * STEPS, 1e-6),
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
