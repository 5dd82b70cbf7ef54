"""Krippendorff's alpha: how far reviewers agree beyond what chance would give.

Source: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011).
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Level(StrEnum):
    """What two different values have to do with each other."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"


def krippendorff_alpha(units: Iterable[Sequence[int]], level: Level) -> float | None:
    """Alpha of what reviewers said: 1 is full agreement, 0 what chance gives, less is worse.

    Args:
        units: Per unit, the values that it got; who did not answer is left out. A unit with one
            value has nothing to be compared with and does not count.
        level: Whether any two different values differ alike, or by how many lie between them.

    Returns:
        Alpha; None where it is not defined: no unit has two values, or all values are equal.
    """
    compared = [unit for unit in units if len(unit) > 1]
    values = sorted({value for unit in compared for value in unit})
    if len(values) < 2:
        return None
    coincidences = np.zeros((len(values), len(values)))
    for unit in compared:
        counts = np.array([unit.count(value) for value in values], float)
        coincidences += (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)
    totals = coincidences.sum(axis=1)
    differences = _differences(totals, level)
    expected = (np.outer(totals, totals) * differences).sum() / (totals.sum() - 1)
    return float(1 - (coincidences * differences).sum() / expected)


def _differences(totals: NDArray[np.float64], level: Level) -> NDArray[np.float64]:
    """Squared difference of each pair of values, the values in order."""
    if level is Level.NOMINAL:
        return 1 - np.eye(len(totals))
    ranks = np.cumsum(totals) - totals / 2
    return np.square(ranks[:, None] - ranks[None, :])
