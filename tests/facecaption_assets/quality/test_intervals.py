import pytest
from scipy.stats import binomtest

from facecaption_assets.quality.intervals import wilson_interval


@pytest.mark.parametrize(("successes", "count"), [(0, 5), (1, 1), (7, 10), (81, 263), (999, 1000)])
def test_bounds_are_those_of_scipy(successes: int, count: int) -> None:
    expected = binomtest(successes, count).proportion_ci(0.95, method="wilson")
    low, high = wilson_interval(successes / count, count)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_an_effective_number_of_observations_need_not_be_whole() -> None:
    between = wilson_interval(0.5, 10.5)
    assert wilson_interval(0.5, 10)[0] < between[0] < wilson_interval(0.5, 11)[0]


def test_what_never_or_always_happened_has_an_exact_bound() -> None:
    for count in range(1, 200):
        assert wilson_interval(0, count)[0] == 0
        assert wilson_interval(1, count)[1] == 1
