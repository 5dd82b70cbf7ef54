"""Whether this Python and this disk can take the installation: asked before anything is installed.

Run by ``make`` with the system's Python, so it uses the standard library only and no syntax that
an old Python would refuse. What an installed package lacks belongs to ``doctor``.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

#: First and last version of Python for which every dependency has a wheel.
OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)

#: Packages take about 8 GB; models, data and checkpoints of the sample need the rest.
NEEDED_BYTES = 12_000_000_000

#: Touched by ``make`` when an installation is complete.
INSTALLED_MARK = ".installed"


def python_problem(version: tuple[int, int]) -> str:
    """What is wrong with a version of Python, as (major, minor); empty if nothing is."""
    if OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        return ""
    oldest, newest = ("{}.{}".format(*each) for each in (OLDEST_PYTHON, NEWEST_PYTHON))
    return f"Python {version[0]}.{version[1]} is not within {oldest} to {newest}"


def disk_problem(venv: Path, needed_bytes: int = NEEDED_BYTES) -> str:
    """Why the disk cannot take an installation into ``venv``; empty if it can."""
    if (venv / INSTALLED_MARK).exists():
        return ""  # An installation that is only brought up to date needs little.
    place = nearest_folder(venv)
    free = shutil.disk_usage(place).free
    if free >= needed_bytes:
        return ""
    return f"{free / 1e9:.1f} GB are free under {place}, {needed_bytes / 1e9:.0f} GB are needed"


def nearest_folder(path: Path) -> Path:
    """The path itself or its closest parent that exists: where its bytes would go."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path


def main() -> None:
    """Exit with 1, the reasons and what to do unless the first argument can become the venv."""
    problems = {
        python_problem(sys.version_info[:2]): "name another one: make PYTHON=python3.12 ...",
        disk_problem(
            Path(sys.argv[1])
        ): "make room, or name another place: make VENV=/big/venv ...",
    }
    found = [f"{problem}; {remedy}" for problem, remedy in problems.items() if problem]
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
