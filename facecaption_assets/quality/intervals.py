"""Confidence intervals of shares; what is counted belongs to those who ask."""

from math import sqrt
from typing import Final

#: Standard normal quantile of a two-sided 95 % interval.
_Z95: Final = 1.959963984540054


def wilson_interval(share: float, count: float) -> tuple[float, float]:
    """Wilson's 95 % score interval of a share, without continuity correction.

    Args:
        share: What was observed, in [0, 1].
        count: Independent observations, more than 0; an effective number need not be whole.

    Returns:
        Lower and upper bound, in [0, 1].

    Source: Wilson, Probable inference, the law of succession, and statistical inference (1927).
    """
    spread = _Z95 * sqrt(share * (1 - share) / count + _Z95**2 / (4 * count**2))
    middle, scale = share + _Z95**2 / (2 * count), 1 + _Z95**2 / count
    low, high = (middle - spread) / scale, (middle + spread) / scale
    return low if share > 0 else 0.0, high if share < 1 else 1.0  # Exactly, despite rounding.
