"""What the course of a training says: whether the loss falls, where the temperature ended.

Rows are those of ``flip_checkpoints``. Each function returns a fault in words, empty where there is
none; which of them blocks is for ``gates`` to say.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from flip_training.model.model_config import TEMP_RANGE

#: How close to a bound the temperature counts as being there, as a share of the bound.
_AT_BOUND: Final = 0.01

#: Fewest rows of a fifth that are compared.
_MIN_ROWS: Final = 3
#: Standard deviations of chance that the early losses must be above the late ones: 5 %, one-sided.
_DEVIATIONS: Final = 1.645

Rows = Sequence[Mapping[str, float]]


def flat_loss(history: Rows) -> str:
    """Why the loss, ITC and ITM together, cannot be said to have fallen.

    Compared are the first and the last fifth of the rows after the warm-up, where there are enough
    of them, else of all: in the warm-up the queue fills up, and more candidates mean a higher loss.
    They are compared by rank (Mann and Whitney's test), because single rows jump. A training whose
    fifths have fewer than three rows is too short to tell and is let through.
    """
    rows = history[_end_of_warmup(history) :]
    if len(rows) < 5 * _MIN_ROWS:
        rows = history
    fifth = len(rows) // 5
    if fifth < _MIN_ROWS:
        return ""
    totals = [row["loss_itc"] + row["loss_itm"] for row in rows]
    early, late = totals[:fifth], totals[-fifth:]
    higher = sum((a > b) + (a == b) / 2 for a in early for b in late) / fifth**2
    needed = 0.5 + _DEVIATIONS * ((2 * fifth + 1) / (12 * fifth**2)) ** 0.5
    if higher >= needed:
        return ""
    return (
        f"the loss did not fall: its median was {median(early):.3f} in the first fifth and "
        f"{median(late):.3f} in the last; an early one is higher in {higher:.0%} of pairs, which "
        f"should be {needed:.0%}"
    )


def _end_of_warmup(history: Rows) -> int:
    """Row at which the learning rate was highest."""
    rates = [row["lr"] for row in history]
    return rates.index(max(rates)) if rates else 0


def clamped_temperature(history: Rows) -> str:
    """Which bound the temperature stood at in the last fifth of the rows, by their median."""
    if not history:
        return ""
    last = median(row["temp"] for row in history[-max(1, len(history) // 5) :])
    low, high = TEMP_RANGE
    if last <= low * (1 + _AT_BOUND):
        return f"the temperature is at its lower bound, {low:g}: the loss asks for still less"
    if last >= high * (1 - _AT_BOUND):
        return f"the temperature is at its upper bound, {high:g}: the features tell little apart"
    return ""
