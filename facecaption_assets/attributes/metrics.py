"""How right labels and probabilities are, given the truth: single numbers of arrays.

NumPy only. Which faces are compared, and in which groups, belongs to ``evaluation``.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

_Bools: TypeAlias = NDArray[np.bool_]
_Floats: TypeAlias = NDArray[np.float64]

#: Bins of the calibration error; ten is what the literature reports.
_BINS: Final = 10


def accuracy(truth: _Bools, states: _Bools) -> float | None:
    """Share of states that are right; None without any."""
    return float((truth == states).mean()) if len(truth) else None


def balanced_accuracy(truth: _Bools, states: _Bools) -> float | None:
    """Mean of the shares of positives and of negatives that are right; None without either."""
    if truth.all() or not truth.any():
        return None
    return float((states[truth].mean() + (~states[~truth]).mean()) / 2)


def average_precision(truth: _Bools, probability: _Floats) -> float | None:
    """Mean precision over the positives, best first; None without a positive.

    The area under the precision-recall curve by steps, faces of one probability taken together.
    Source: scikit-learn's ``average_precision_score``.
    """
    if not truth.any():
        return None
    order = np.argsort(-probability, kind="stable")
    found = np.cumsum(truth[order])
    is_last = np.append(np.diff(probability[order]) != 0, True)
    found, seen = found[is_last], (np.flatnonzero(is_last) + 1)
    return float((np.diff(found, prepend=0) * found / seen).sum() / found[-1])


def calibration_error(truth: _Bools, probability: _Floats) -> float | None:
    """Expected calibration error of P(positive), [0, 1]; None without a face.

    The mean distance between probability and share of positives in ten equal bins, weighted by
    their faces. Small samples never reach 0. Source: Guo et al., arXiv:1706.04599, equation 3.
    """
    if not len(truth):
        return None
    bins = np.minimum((probability * _BINS).astype(np.intp), _BINS - 1)
    gaps = np.bincount(bins, probability - truth, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(truth))
