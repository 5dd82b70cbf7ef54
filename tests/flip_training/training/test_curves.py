"""What courses of losses and temperatures are taken for."""

import math
import random

import pytest

from flip_training.model.model_config import TEMP_RANGE
from flip_training.training.curves import clamped_temperature, flat_loss


def course(losses: list[float], warmup: int = 0, temp: float = 0.07) -> list[dict[str, float]]:
    """Rows whose learning rate rises until row ``warmup`` and falls from there."""
    return [
        {"loss_itc": loss, "loss_itm": 0.6, "lr": 1 / (1 + abs(i - warmup)), "temp": temp}
        for i, loss in enumerate(losses)
    ]


def noise(length: int, seed: int) -> list[float]:
    """A loss that only jumps about."""
    rng = random.Random(seed)
    return [4 + rng.gauss(0, 0.3) for _ in range(length)]


def test_a_slow_fall_under_noise_is_a_fall() -> None:
    losses = [loss - i / 100 for i, loss in enumerate(noise(60, seed=0))]
    assert flat_loss(course(losses)) == ""


@pytest.mark.parametrize("kind", ["rising", "constant", "one jump at the end"])
def test_a_loss_that_does_not_fall_is_a_fault_told_with_numbers(kind: str) -> None:
    losses = {
        "rising": [2 + i / 50 for i in range(50)],
        "constant": [4.0] * 50,
        "one jump at the end": [4.0] * 49 + [0.1],
    }[kind]
    assert flat_loss(course(losses)).startswith("the loss did not fall: its median was")


def test_noise_is_rarely_taken_for_a_fall() -> None:
    falls = [not flat_loss(course(noise(60, seed))) for seed in range(400)]
    assert sum(falls) / len(falls) < 0.09


def test_the_queue_that_fills_in_the_warmup_is_no_rise() -> None:
    filling = [1.0 + i / 3 for i in range(10)]
    falling = [5.0 * math.exp(-i / 20) + 1 for i in range(30)]
    assert flat_loss(course(filling + falling, warmup=10)) == ""


def test_a_training_that_ends_in_its_warmup_is_judged_whole() -> None:
    assert flat_loss(course([4.0] * 30, warmup=29))
    assert flat_loss(course([4.0 - i / 10 for i in range(30)], warmup=29)) == ""


@pytest.mark.parametrize("length", [0, 1, 14])
def test_a_training_too_short_to_tell_is_let_through(length: int) -> None:
    assert flat_loss(course([4.0] * length)) == ""


@pytest.mark.parametrize(
    ("temp", "fault"),
    [(TEMP_RANGE[0], "lower bound"), (TEMP_RANGE[1], "upper bound"), (0.51, "upper"), (0.07, "")],
)
def test_a_temperature_at_either_bound_of_the_model_is_a_fault(temp: float, fault: str) -> None:
    found = clamped_temperature(course([1.0] * 20, temp=temp))
    assert fault in found
    assert bool(found) == bool(fault)


def test_a_temperature_that_left_the_bound_is_free() -> None:
    rows = course([1.0] * 10, temp=0.5) + course([1.0] * 10, temp=0.1)
    assert clamped_temperature(rows) == ""
    assert clamped_temperature([]) == ""
