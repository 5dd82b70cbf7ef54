"""Range checks of settings, for the ``__post_init__`` of the stages' settings.

A number out of range is refused when the settings are made, before a run begins. Which range is
right belongs to the settings themselves.
"""

from math import inf


def require_within(settings: object, **ranges: tuple[float, float]) -> None:
    """Refuse numbers outside their ranges.

    Args:
        settings: Object whose attributes are looked at.
        **ranges: Lowest and highest allowed value, both inclusive, by setting; ``inf`` is no limit.

    Raises:
        ValueError: Naming the first such setting, its value and what is allowed.
    """
    for name, (low, high) in ranges.items():
        value = getattr(settings, name)
        if not low <= value <= high:
            allowed = f"{low} or more" if high == inf else f"{low} to {high}"
            raise ValueError(f"{name} is {value}; allowed is {allowed}")
