import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facecaption_assets.attributes import metrics

FACES = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])), min_size=1
)


def arrays(faces: list[tuple[bool, float]]) -> tuple[np.ndarray, np.ndarray]:
    truth, probability = zip(*faces, strict=True)
    return np.array(truth, bool), np.array(probability, float)


@pytest.mark.parametrize(
    ("truth", "probability", "expected"),
    [
        # The example in the documentation of scikit-learn's average_precision_score.
        ([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 0.8333333333333333),
        # Ties count together, as there; by hand.
        ([1, 0, 1, 0, 1], [0.9, 0.9, 0.5, 0.5, 0.1], 0.5333333333333333),
        ([1, 1, 0], [0.2, 0.3, 0.9], 0.5833333333333333),
        ([1, 0], [0.5, 0.5], 0.5),
        ([1, 1], [0.1, 0.2], 1.0),
    ],
)
def test_average_precision_is_that_of_scikit_learn(
    truth: list[int], probability: list[float], expected: float
) -> None:
    found = metrics.average_precision(np.array(truth, bool), np.array(probability))
    assert found == pytest.approx(expected)


@given(FACES)
def test_average_precision_is_the_mean_over_thresholds_by_its_definition(faces) -> None:
    truth, probability = arrays(faces)
    expected, recall = 0.0, 0.0
    for threshold in sorted(set(probability), reverse=True):
        chosen = probability >= threshold
        found = truth[chosen].sum() / max(truth.sum(), 1)
        expected += (found - recall) * truth[chosen].mean()
        recall = found
    found = metrics.average_precision(truth, probability)
    assert found == (pytest.approx(expected) if truth.any() else None)


@given(FACES)
def test_calibration_error_is_the_weighted_gap_of_ten_bins(faces) -> None:
    truth, probability = arrays(faces)
    expected = 0.0
    for low in range(10):
        upper = probability < (low + 1) / 10 if low < 9 else probability <= 1
        members = (probability >= low / 10) & upper
        if members.any():
            gap = abs(truth[members].mean() - probability[members].mean())
            expected += members.mean() * gap
    assert metrics.calibration_error(truth, probability) == pytest.approx(expected)


def test_balanced_accuracy_counts_both_states_alike() -> None:
    truth = np.array([True] * 9 + [False])
    assert metrics.accuracy(truth, np.ones(10, bool)) == 0.9
    assert metrics.balanced_accuracy(truth, np.ones(10, bool)) == 0.5


def test_without_faces_or_without_both_states_there_is_no_number() -> None:
    nothing, floats = np.zeros(0, bool), np.zeros(0)
    assert metrics.accuracy(nothing, nothing) is None
    assert metrics.calibration_error(nothing, floats) is None
    assert metrics.average_precision(np.array([False]), np.array([0.3])) is None
    assert metrics.balanced_accuracy(np.array([True]), np.array([True])) is None
    assert metrics.balanced_accuracy(nothing, nothing) is None
