"""Shares and means of a group with 95 % intervals, and the ratio of two groups'.

Pictures of one split group, such as one person's, are not independent: their spread is taken
between split groups, never between faces. Which faces are counted belongs to ``counting``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import asin, sqrt
from typing import Final

from facecaption_assets.quality.intervals import wilson_interval

#: Fewest split groups on either side of a comparison; with fewer, single people decide.
MIN_CLUSTERS: Final = 30

#: Group of the faces of which the factor is not known; shown, never compared.
UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class Moments:
    """Sums over split groups, from which an estimate and its spread follow.

    With n observations in a split group, and y the sum of what was observed:

    Attributes:
        size: Σn.
        total: Σy.
        clusters: Split groups.
        yy: Σy².
        yn: Σyn.
        nn: Σn².
    """

    size: int
    total: float
    clusters: int
    yy: float
    yn: float
    nn: float

    @property
    def value(self) -> float:
        """Share or mean."""
        return self.total / self.size

    @property
    def variance(self) -> float:
        """Variance of the value, between split groups.

        Source: the linearised variance of a ratio; Cochran, Sampling Techniques (1977), 6.4.
        """
        spread = self.yy - 2 * self.value * self.yn + self.value**2 * self.nn
        return max(0.0, spread) / self.size**2


@dataclass(frozen=True)
class Estimate:
    """A share or a mean of one group.

    Attributes:
        value: Share in [0, 1], or mean in the measure's unit.
        low: Lower end of the 95 % interval; None where one split group cannot tell it.
        high: Upper end.
        size: Faces, captions or the like that were observed.
        clusters: Split groups among them.
        effective: Independent observations that they are worth, at most ``size``.
    """

    value: float
    low: float | None
    high: float | None
    size: int
    clusters: int
    effective: float


@dataclass(frozen=True)
class Parity:
    """The smallest of the compared groups' values against the largest.

    Attributes:
        smallest: Group with the smallest value.
        largest: Group with the largest value.
        ratio: Their ratio, in [0, 1].
        low: Lower end of its 95 % interval.
        high: Upper end; None where it has none.
    """

    smallest: str
    largest: str
    ratio: float
    low: float
    high: float | None


def estimate_share(moments: Moments) -> Estimate:
    """A share with Wilson's interval, for as many observations as the split groups are worth."""
    effective = _effective(moments)
    low, high = wilson_interval(moments.value, effective)
    return Estimate(moments.value, low, high, moments.size, moments.clusters, effective)


def estimate_mean(moments: Moments) -> Estimate:
    """A mean with Student's interval between split groups."""
    from scipy.special import stdtrit

    value, clusters = moments.value, moments.clusters
    if clusters < 2:
        return Estimate(value, None, None, moments.size, clusters, clusters)
    error = sqrt(moments.variance * clusters / (clusters - 1))
    reach = float(stdtrit(clusters - 1, 0.975)) * error
    return Estimate(value, value - reach, value + reach, moments.size, clusters, clusters)


def comparable(estimates: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Groups that are known and large enough to be compared, by falling value."""
    found = {
        group: estimate
        for group, estimate in estimates.items()
        if group != UNKNOWN and estimate.clusters >= MIN_CLUSTERS
    }
    return dict(sorted(found.items(), key=lambda entry: (-entry[1].value, entry[0])))


def parity(estimates: Mapping[str, Estimate]) -> Parity | None:
    """Smallest against largest; None where fewer than two groups compare, or all are zero.

    The interval is that of the two groups. With more than two, they were picked for being far
    apart, so that some ratio below 1 is to be expected by chance.
    """
    groups = list(comparable(estimates).items())
    if len(groups) < 2 or groups[0][1].value <= 0:
        return None
    (largest, most), (smallest, least) = groups[0], groups[-1]
    low, high = ratio_interval(least, most)
    return Parity(smallest, largest, least.value / most.value, low, high)


def ratio_interval(upper: Estimate, lower: Estimate) -> tuple[float, float | None]:
    """95 % interval of ``upper / lower`` from the intervals of both; works at shares of 0 and 1.

    Args:
        upper: Above the fraction's line; has an interval.
        lower: Below it, more than 0; has an interval.

    Returns:
        Its ends; the upper one is None where ``lower`` may be as little as 0.

    Source: Donner and Zou, Closed-form confidence intervals for functions of the normal mean and
    standard deviation (2012), method MOVER-R.
    """
    a, b = upper.value, lower.value
    low_a, high_a = _interval(upper)
    low_b, high_b = _interval(lower)
    low = _quotient(a, b, low_a, high_b, -1)
    return max(0.0, low), _quotient(a, b, high_a, low_b, 1) if low_b > 0 else None


def cohens_h(share: float, other: float) -> float:
    """Difference of two shares, alike for rare and frequent ones: 0.2 is small, 0.8 large.

    Source: Cohen, Statistical Power Analysis (1988), 6.2.
    """
    return 2 * asin(sqrt(share)) - 2 * asin(sqrt(other))


def _effective(moments: Moments) -> float:
    """Observations that a share is worth: with few split groups, each of them counts as one."""
    share = moments.value
    if moments.clusters < MIN_CLUSTERS or not 0 < share < 1:
        return moments.clusters
    if moments.variance * moments.size <= share * (1 - share):
        return moments.size
    return share * (1 - share) / moments.variance


def _interval(estimate: Estimate) -> tuple[float, float]:
    if estimate.low is None or estimate.high is None:
        raise ValueError(f"an estimate from {estimate.clusters} split groups has no interval")
    return estimate.low, estimate.high


def _quotient(a: float, b: float, end_a: float, end_b: float, sign: int) -> float:
    """The end of a / b at the end of a and the opposite end of b."""
    products = end_a * (2 * a - end_a), end_b * (2 * b - end_b)
    if products[1] == 0:  # the limit of the fraction below
        return products[0] / (2 * a * b) if a else 0.0
    root = sqrt(max(0.0, (a * b) ** 2 - products[0] * products[1]))
    return (a * b + sign * root) / products[1]
