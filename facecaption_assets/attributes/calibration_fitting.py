"""Fits calibration curves to labelled probabilities; scipy does the arithmetic.

Methods: ``temperature`` scales the log-odds (Guo et al., arXiv:1706.04599), ``platt`` scales and
shifts them (Platt 1999), ``isotonic`` takes the best curve that never falls (Zadrozny and Elkan
2002), which needs the most labels. What a curve is belongs to ``calibration``.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.attributes.calibration import Calibration, Curve, Method, log_odds
from facecaption_assets.attributes.evaluation import Predictions
from facecaption_assets.attributes.label_files import LabelTable
from facecaption_assets.attributes.vocabulary import ATTRIBUTES

#: Fewest faces of either label that a curve is fitted to: ten wrong labels of each decide nothing.
MIN_OF_EACH: Final = 10
#: Parts of the faces, each left out once to measure what a calibration does to others.
FOLDS: Final = 5
#: Decimals of what is stored: far more than a few thousand labels can tell.
_DECIMALS: Final = 6


def fit_calibration(
    labels: LabelTable, predictions: Predictions, method: Method, annotators: str
) -> Calibration:
    """Curves of the attributes with enough labels; the others get none.

    Args:
        labels: The truth.
        predictions: Raw probabilities of the same faces, in the same order.
        method: How to fit.
        annotators: ``calibration.evidence_identity`` of who gave the probabilities.
    """
    curves = {}
    for column, attribute in enumerate(labels.attributes):
        _, probability = predictions.of(attribute)
        usable = (labels.values[:, column] != 0) & ~np.isnan(probability)
        truth = labels.values[usable, column] > 0
        if min(truth.sum(), (~truth).sum()) >= MIN_OF_EACH:
            curves[attribute] = fit_curve(probability[usable], truth, method)
    return Calibration(method, annotators, curves)


def calibrate_left_out(
    labels: LabelTable, predictions: Predictions, calibration: Calibration, method: Method
) -> Predictions:
    """The same states, with each face's probabilities calibrated without its own label.

    What ``calibration`` does to other faces, measured on the same ones: for each attribute that
    has a curve, the faces are dealt into ``FOLDS`` parts, either label evenly, and each part gets
    the curve of the others. Pictures of one person may lie in several parts.
    """
    probabilities = predictions.probabilities.copy()
    for attribute in calibration.curves:
        column = probabilities[:, ATTRIBUTES.index(attribute)]
        value = labels.values[:, labels.attributes.index(attribute)]
        usable = (value != 0) & ~np.isnan(column)
        raw, truth = column[usable], value[usable] > 0
        fold = np.zeros(len(truth), np.intp)
        for side in (truth, ~truth):
            fold[side] = np.arange(side.sum()) % FOLDS
        curves = [fit_curve(raw[fold != k], truth[fold != k], method) for k in range(FOLDS)]
        column[usable] = [curves[k](p) for p, k in zip(raw.tolist(), fold, strict=True)]
    return replace(predictions, probabilities=probabilities)


def fit_curve(probability: NDArray[np.float64], truth: NDArray[np.bool_], method: Method) -> Curve:
    """One attribute's curve.

    Args:
        probability: (N,), raw, [0, 1].
        truth: (N,), whether the attribute is there; both values occur.
        method: How to fit.
    """
    num, positive = len(truth), int(truth.sum())
    if method == "isotonic":
        raw, calibrated = _fit_isotonic(probability, truth)
        return Curve(num, positive, raw=raw, calibrated=calibrated)
    scale, shift = _fit_sigmoid(probability, truth, has_shift=method == "platt")
    return Curve(num, positive, scale=scale, shift=shift)


def _fit_sigmoid(
    probability: NDArray[np.float64], truth: NDArray[np.bool_], has_shift: bool
) -> tuple[float, float]:
    """Scale and shift of the log-odds with the smallest log loss.

    The targets are Platt's, drawn in from 0 and 1 by what the number of labels allows, so that
    labels which are told apart perfectly do not give an infinite scale. The scale is not
    negative: probabilities that go against the labels say nothing.
    """
    from scipy.optimize import minimize

    x = np.array([log_odds(p) for p in probability])
    positive, negative = truth.sum(), (~truth).sum()
    target = np.where(truth, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = parameters[0] * x + parameters[1]
        error = 1 / (1 + np.exp(-z)) - target
        value = np.logaddexp(0, z) - target * z
        return float(value.sum()), np.array([error @ x, error.sum()])

    bounds = [(0.0, None), (None, None) if has_shift else (0.0, 0.0)]
    found = minimize(loss, np.array([1.0, 0.0]), jac=True, bounds=bounds, method="L-BFGS-B")
    return round(float(found.x[0]), _DECIMALS), round(float(found.x[1]), _DECIMALS)


def _fit_isotonic(
    probability: NDArray[np.float64], truth: NDArray[np.bool_]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Corners of the curve: both ends of each of its level stretches."""
    from scipy.optimize import isotonic_regression

    raw, group = np.unique(probability, return_inverse=True)
    weights = np.bincount(group).astype(np.float64)
    means = np.bincount(group, truth) / weights
    level = isotonic_regression(means, weights=weights).x
    # N labels cannot tell that something is never so.
    certain = 1 / (len(truth) + 2)
    level = np.clip(level, certain, 1 - certain)
    is_corner = np.ones(len(raw), bool)
    is_corner[1:-1] = (level[1:-1] != level[:-2]) | (level[1:-1] != level[2:])
    corners = np.round(raw[is_corner], _DECIMALS), np.round(level[is_corner], _DECIMALS)
    return tuple(map(float, corners[0])), tuple(map(float, corners[1]))
