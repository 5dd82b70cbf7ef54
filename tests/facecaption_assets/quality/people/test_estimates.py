from math import asin, isclose, sqrt

import numpy as np
import pytest
from scipy.stats import binomtest, t
from scipy.stats.contingency import relative_risk

from facecaption_assets.quality.people.estimates import (
    MIN_CLUSTERS,
    UNKNOWN,
    Estimate,
    Moments,
    cohens_h,
    comparable,
    estimate_mean,
    estimate_share,
    parity,
    ratio_interval,
)


def moments(totals: list[float], sizes: list[int] | None = None) -> Moments:
    """Of split groups with the given sums and sizes; of one face each where no sizes are given."""
    y = np.asarray(totals, float)
    n = np.ones(len(y)) if sizes is None else np.asarray(sizes, float)
    return Moments(
        int(n.sum()),
        float(y.sum()),
        len(y),
        float((y * y).sum()),
        float((y * n).sum()),
        float((n * n).sum()),
    )


def share(successes: int, faces: int) -> Estimate:
    return estimate_share(moments([1.0] * successes + [0.0] * (faces - successes)))


@pytest.mark.parametrize(("successes", "faces"), [(0, 5), (5, 5), (3, 10), (17, 40), (1, 1000)])
def test_share_of_independent_faces_has_wilsons_interval(successes: int, faces: int) -> None:
    found = share(successes, faces)
    expected = binomtest(successes, faces).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert (found.size, found.clusters, found.effective) == (faces, faces, pytest.approx(faces))


def test_faces_that_come_in_alike_pairs_count_half() -> None:
    found = estimate_share(moments([2.0] * 20 + [0.0] * 60, [2] * 80))
    expected = binomtest(20, 80).proportion_ci(method="wilson")
    assert found.effective == pytest.approx(80)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (found.size, found.clusters) == (160, 80)


def test_of_few_people_each_counts_once_however_many_pictures_they_have() -> None:
    assert estimate_share(moments([50.0] * 10, [100] * 10)).effective == 10


def test_faces_never_count_more_than_once() -> None:
    # Every pair has one of each: less spread than chance has.
    assert estimate_share(moments([1.0] * 50, [2] * 50)).effective == 100


def test_mean_has_students_interval() -> None:
    values = [3.0, 4.0, 8.0, 5.5, 1.0]
    found = estimate_mean(moments(values))
    error = np.std(values, ddof=1) / sqrt(len(values))
    low, high = t.interval(0.95, len(values) - 1, np.mean(values), error)
    assert (found.value, found.low, found.high) == pytest.approx((np.mean(values), low, high))


def test_one_person_has_a_mean_and_no_interval() -> None:
    found = estimate_mean(moments([12.0], [4]))
    assert (found.value, found.low, found.high) == (3.0, None, None)


def test_intervals_of_clustered_shares_hold_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(7)
    held = 0
    for _ in range(1000):
        people = random.beta(1.4, 0.6, 60)  # 70 % on average, and very different people
        found = estimate_share(moments(list(random.binomial(8, people)), [8] * 60))
        held += found.low <= 0.7 <= found.high
    assert 925 <= held <= 970


def test_ratio_of_large_samples_agrees_with_katz() -> None:
    low, high = ratio_interval(share(3000, 10_000), share(4000, 10_000))
    expected = relative_risk(3000, 10_000, 4000, 10_000).confidence_interval(0.95)
    assert (low, high) == pytest.approx((expected.low, expected.high), rel=2e-3)


def test_ratio_has_an_interval_where_all_are_kept() -> None:
    few, many = share(40, 40), share(100, 100)
    low, high = ratio_interval(few, many)
    assert few.low is not None and many.low is not None
    # By hand: at shares of 1 the ends are the lower end of the one, and 1 over that of the other.
    assert (low, high) == pytest.approx((few.low, 1 / many.low))


def test_ratio_of_nothing_kept_to_some_has_an_interval_from_zero() -> None:
    low, high = ratio_interval(share(0, 100), share(50, 100))
    assert low == 0
    assert high is not None and 0.03 < high < 0.12


def test_ratio_to_what_may_be_zero_has_no_upper_end() -> None:
    doubtful = Estimate(1.0, -1.0, 3.0, 9, 9, 9)
    assert ratio_interval(Estimate(1.0, 0.5, 1.5, 9, 9, 9), doubtful)[1] is None


def test_intervals_of_ratios_hold_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(3)
    held = 0
    for _ in range(1000):
        low, high = ratio_interval(
            share(random.binomial(80, 0.85), 80), share(random.binomial(120, 0.95), 120)
        )
        held += high is not None and low <= 0.85 / 0.95 <= high
    assert 930 <= held <= 975


def test_smallest_is_set_against_largest() -> None:
    found = parity({"a": share(30, 40), "b": share(40, 40), "c": share(35, 40)})
    assert found is not None
    assert (found.smallest, found.largest, found.ratio) == ("a", "b", 0.75)
    assert found.high is not None and found.low < 0.75 < found.high


def test_unknown_and_small_groups_are_not_compared() -> None:
    large, small = share(MIN_CLUSTERS, MIN_CLUSTERS), share(0, MIN_CLUSTERS - 1)
    groups = {"female": large, "male": small, UNKNOWN: share(0, 100)}
    assert list(comparable(groups)) == ["female"]
    assert parity(groups) is None


def test_groups_of_which_nothing_is_kept_have_no_ratio() -> None:
    assert parity({"a": share(0, 50), "b": share(0, 50)}) is None


def test_cohens_h_is_the_difference_of_arcsines() -> None:
    assert isclose(cohens_h(0.9, 0.5), 2 * asin(sqrt(0.9)) - 2 * asin(sqrt(0.5)))
    assert cohens_h(0.3, 0.3) == 0
