"""Rows of means, also across an interruption."""

import math

import pytest

from flip_training.schema import FLIP_CHECKPOINTS
from flip_training.training.training_history import History, Row

STATE = {
    "step": 2,
    "epoch": 1.0,
    "lr": 1e-3,
    "temp": 0.07,
    "temp_at_bound": False,
    "alpha": 0.2,
    "peak_memory": 10**9,
}


def step(loss: float, norm: float = 1.0) -> Row:
    return {"loss_itc": loss, "loss_itm": 0.5, "grad_norm": norm, "pairs": 4.0, "seconds": 0.5}


def test_a_row_holds_means_and_speed() -> None:
    history = History()
    history.add(step(1.0, 2.0))
    history.add(step(3.0, 4.0))
    row = history.close_row(STATE)
    assert (row["loss_itc"], row["loss_itm"], row["grad_norm"]) == (2.0, 0.5, 3.0)
    assert row["samples_per_s"] == 8.0
    assert history.pending == []
    assert history.table().schema == FLIP_CHECKPOINTS.arrow
    assert history.table().to_pylist() == [row]


def test_a_stretch_that_was_interrupted_gives_the_same_row() -> None:
    history = History()
    history.add(step(1.0))
    resumed = History(history.rows, history.pending)
    for one in (history, resumed):
        one.add(step(2.0))
    assert resumed.close_row(STATE) == history.close_row(STATE)


@pytest.mark.parametrize(
    ("norms", "mean"), [([math.inf, 2.0, 4.0], 3.0), ([math.inf, math.inf], math.inf)]
)
def test_steps_that_fp16_skipped_have_no_norm(norms: list[float], mean: float) -> None:
    history = History()
    for norm in norms:
        history.add(step(1.0, norm))
    assert history.close_row(STATE)["grad_norm"] == mean
