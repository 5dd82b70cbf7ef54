"""From a measurement to a probability: the one curve that hand-made evidence uses.

What is measured, and where its curve lies, belongs to the module that measures it.
"""

import math


def above(value: float, midpoint: float, width: float) -> float:
    """Probability that grows with a measurement; a logistic curve, in (0, 1).

    Args:
        value: The measurement.
        midpoint: Where the probability is one half.
        width: Distance over which the odds change by a factor of e, in the measurement's unit;
            0.85 is reached 1.73 widths above the midpoint.
    """
    return 1.0 / (1.0 + math.exp(min(max((midpoint - value) / width, -60.0), 60.0)))


def below(value: float, midpoint: float, width: float) -> float:
    """Probability that falls with a measurement: the complement of ``above``."""
    return 1.0 - above(value, midpoint, width)
