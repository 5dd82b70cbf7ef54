"""From a measurement to a probability: the one curve that hand-made evidence uses.

What is measured, and where its curve lies, belongs to the module that measures it.
"""

import math
from typing import Final

#: A curve set on a few hundred faces is never surer than 150 to 1: log-odds.
_MOST: Final = 5.0


def above(value: float, midpoint: float, width: float) -> float:
    """Probability that grows with a measurement; a logistic curve, in [0.007, 0.993].

    Args:
        value: The measurement.
        midpoint: Where the probability is one half.
        width: Distance over which the odds change by a factor of e, in the measurement's unit;
            0.85 is reached 1.73 widths above the midpoint.
    """
    log_odds = min(max((value - midpoint) / width, -_MOST), _MOST)
    return 1.0 / (1.0 + math.exp(-log_odds))


def below(value: float, midpoint: float, width: float) -> float:
    """Probability that falls with a measurement: the complement of ``above``."""
    return 1.0 - above(value, midpoint, width)
