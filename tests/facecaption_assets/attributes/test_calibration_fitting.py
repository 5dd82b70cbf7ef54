import numpy as np
import pytest
from scipy.optimize import minimize

from facecaption_assets.attributes.calibration_fitting import (
    MIN_OF_EACH,
    calibrate_left_out,
    fit_calibration,
    fit_curve,
)
from facecaption_assets.attributes.evaluation import Predictions
from facecaption_assets.attributes.label_files import LabelTable
from facecaption_assets.attributes.metrics import calibration_error
from facecaption_assets.attributes.vocabulary import ATTRIBUTES

METHODS = ["temperature", "platt", "isotonic"]


@pytest.fixture
def overconfident() -> tuple[np.ndarray, np.ndarray]:
    """Two thousand faces whose log-odds are three times what they should be."""
    rng = np.random.default_rng(0)
    honest = rng.uniform(0.02, 0.98, 2000)
    raw = 1 / (1 + ((1 - honest) / honest) ** 3)
    return raw, rng.random(2000) < honest


@pytest.mark.parametrize("method", METHODS)
def test_overconfident_probabilities_become_honest(overconfident, method) -> None:
    raw, truth = overconfident
    half = slice(0, None, 2), slice(1, None, 2)
    curve = fit_curve(raw[half[0]], truth[half[0]], method)
    unseen = np.array([curve(float(p)) for p in raw[half[1]]])
    assert calibration_error(truth[half[1]], raw[half[1]]) > 0.1
    assert calibration_error(truth[half[1]], unseen) < 0.05
    assert (curve.num, curve.num_positive) == (1000, truth[half[0]].sum())


def test_temperature_is_found_again_and_does_not_shift(overconfident) -> None:
    curve = fit_curve(*overconfident, "temperature")
    assert curve.scale == pytest.approx(1 / 3, rel=0.1)
    assert curve.shift == 0


def test_platt_is_the_minimum_of_its_log_loss(overconfident) -> None:
    raw, truth = overconfident
    curve = fit_curve(raw, truth, "platt")
    x = np.log(raw / (1 - raw))
    target = np.where(truth, (truth.sum() + 1) / (truth.sum() + 2), 1 / ((~truth).sum() + 2))

    def loss(parameters) -> float:
        p = 1 / (1 + np.exp(-(parameters[0] * x + parameters[1])))
        return float(-(target * np.log(p) + (1 - target) * np.log(1 - p)).sum())

    best = minimize(loss, [1.0, 0.0], method="Nelder-Mead")
    assert (curve.scale, curve.shift) == (
        pytest.approx(best.x[0], abs=1e-3),
        pytest.approx(best.x[1], abs=1e-3),
    )


def test_isotonic_is_the_pooled_means_by_hand() -> None:
    raw = np.array([0.1, 0.2, 0.2, 0.3, 0.4, 0.5, 0.6])
    truth = np.array([False, True, False, False, True, True, False])
    curve = fit_curve(raw, truth, "isotonic")
    # 0.2 and 0.3 violate the order and pool to 1/3, 0.4 to 0.6 to 2/3; none is below 1/9.
    assert [curve(p) for p in (0.1, 0.2, 0.3, 0.4, 0.6)] == pytest.approx(
        [1 / 9, 1 / 3, 1 / 3, 2 / 3, 2 / 3], abs=1e-6
    )
    assert curve.raw == (0.1, 0.2, 0.3, 0.4, 0.6)


@pytest.mark.parametrize("method", METHODS)
def test_labels_that_are_told_apart_perfectly_do_not_become_certain(method) -> None:
    raw = np.array([0.01] * 30 + [0.99] * 30)
    curve = fit_curve(raw, raw > 0.5, method)
    assert 0 < curve(0.0) < 0.05
    assert 0.95 < curve(1.0) < 1


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_probabilities_against_the_labels_say_nothing(method) -> None:
    raw = np.linspace(0.01, 0.99, 60)
    curve = fit_curve(raw, raw < 0.5, method)
    assert curve(0.01) == pytest.approx(0.5, abs=0.02)
    assert curve(0.99) == pytest.approx(0.5, abs=0.02)


def test_only_attributes_with_enough_of_either_label_get_a_curve() -> None:
    num = 4 * MIN_OF_EACH
    values = np.full((num, 3), -1, np.int8)
    values[: 2 * MIN_OF_EACH, 0] = 1
    values[: MIN_OF_EACH - 1, 1] = 1
    values[: 2 * MIN_OF_EACH, 2] = 1
    labels = LabelTable([str(i) for i in range(num)], ("Smiling", "Male", "Young"), values)
    probabilities = np.full((num, 40), np.nan)
    probabilities[:, ATTRIBUTES.index("Smiling")] = np.linspace(0.9, 0.1, num)
    probabilities[:, ATTRIBUTES.index("Male")] = 0.5
    predictions = Predictions(np.zeros((num, 40), np.int8), probabilities, np.ones(num, bool))
    calibration = fit_calibration(labels, predictions, "platt", "these")
    assert list(calibration.curves) == ["Smiling"]
    assert (calibration.method, calibration.annotators) == ("platt", "these")
    left_out = calibrate_left_out(labels, predictions, calibration, "platt")
    calibrated = left_out.of("Smiling")[1]
    assert calibrated[0] > 0.9 > 0.1 > calibrated[-1]
    assert np.isnan(left_out.of("Young")[1]).all()
    assert probabilities[0, ATTRIBUTES.index("Smiling")] == 0.9


def test_left_out_faces_show_that_a_curve_learnt_its_labels_by_heart() -> None:
    rng = np.random.default_rng(0)
    num = 200
    probabilities = np.full((num, 40), np.nan)
    probabilities[:, ATTRIBUTES.index("Smiling")] = raw = rng.random(num)
    truth = rng.random(num) < 0.5
    truth[::7] = raw[::7] > 0.5
    values = np.where(truth, 1, -1).astype(np.int8)[:, None]
    labels = LabelTable([str(i) for i in range(num)], ("Smiling",), values)
    predictions = Predictions(np.zeros((num, 40), np.int8), probabilities, np.ones(num, bool))
    calibration = fit_calibration(labels, predictions, "isotonic", "these")
    seen = np.array([calibration.curves["Smiling"](float(p)) for p in raw])
    unseen = calibrate_left_out(labels, predictions, calibration, "isotonic").of("Smiling")[1]
    assert calibration_error(truth, seen) < 0.02
    assert calibration_error(truth, unseen) > 0.04
