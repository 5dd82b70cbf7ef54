"""The pages' templates and how they write numbers; what a page says belongs to its module."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def environment() -> Environment:
    """Templates of the pages; what comes from the data is escaped."""
    made = Environment(
        loader=PackageLoader("facecaption_assets.quality"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["words"] = lambda name: name.replace("_", " ")
    made.filters["reason"] = lambda reason: reason.replace("_", " ").replace(":", ": ")
    made.filters["count"] = lambda number: f"{number:,}"
    made.filters["size"] = _size
    made.filters["percent"] = _percent
    made.filters["figures"] = figures
    made.filters["rounded"] = lambda number, digits: f"{number:,.{digits}f}"
    made.filters["duration"] = _duration
    return made


def _percent(share: float) -> str:
    """A share in [0, 1] as percent, with a decimal where it is small and not zero."""
    return f"{share:.1%}" if 0 < share < 0.1 else f"{share:.0%}"


def _size(num_bytes: int) -> str:
    """Bytes in the largest unit of which there is one."""
    size, unit = float(num_bytes), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.3g} {unit}"


def figures(number: float | None) -> str:
    """A number with three figures that say something; empty where there is none."""
    if number is None:
        return ""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def _duration(seconds: float) -> str:
    """A time in the largest unit of which there is one."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    if seconds < 3600:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3600:,.3g} h"
