"""Runs the benchmarks: all, or those whose module is named on the command line."""

import importlib
import os
import sys
from pathlib import Path

from facecaption_assets.storage import Storage
from tests.benchmarks.results import Result, append, show

#: Modules here that are no benchmark; ``download_once`` is one side of the downloader's.
FRAME = {"__init__", "__main__", "results", "download_once", "own_process"}


def main(chosen: list[str]) -> None:
    """Run, keep and show."""
    known = sorted(p.stem for p in Path(__file__).parent.glob("*.py") if p.stem not in FRAME)
    if unknown := set(chosen) - set(known):
        raise SystemExit(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    results: list[Result] = []
    for name in chosen or known:
        results += importlib.import_module(f"tests.benchmarks.{name}").run()
    append(Storage(os.environ.get("FACECAPTION_HOME", "data")), results)
    show(results)


if __name__ == "__main__":
    main(sys.argv[1:])
