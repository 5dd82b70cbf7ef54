"""Range checks of settings, for the ``__post_init__`` of the stages' settings.

A settings object that exists can be used: what cannot be meant is refused when it is made, before
a run begins. Which range is right belongs to the settings themselves.
"""

from collections.abc import Collection, Iterable
from math import inf

from facecaption_assets.schema import ATTRIBUTE_COLUMNS


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


def require_attributes(setting: str, names: Iterable[object]) -> None:
    """Refuse names that are not among the 40 attributes.

    Raises:
        ValueError: Naming the setting and the first such name.
    """
    for name in names:
        if name not in ATTRIBUTE_COLUMNS:
            raise ValueError(
                f"{setting} names {name!r}; allowed are CelebA's 40 attributes, spelled as in "
                f"{', '.join(ATTRIBUTE_COLUMNS[:3])}"
            )


def require_one_of(setting: str, values: Iterable[str], allowed: Collection[str]) -> None:
    """Refuse values that are not among the allowed ones.

    Raises:
        ValueError: Naming the setting, the first such value and what is allowed.
    """
    for value in values:
        if value not in allowed:
            raise ValueError(f"{setting} is {value!r}; allowed is {' or '.join(allowed)}")
