"""Loading the code locations: paid by the UI, the daemon, and every run."""

import subprocess
import sys
import time

from tests.benchmarks.results import Result

TARGET_S = 5.0


def _seconds(module: str) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-W", "ignore", "-c", f"import {module}"], check=True)
        best = min(best, time.perf_counter() - started)
    return best


def run() -> list[Result]:
    """Seconds until a location's definitions are imported, in a new process."""
    bare = _seconds("dagster")
    results = []
    for location in ("facecaption_assets", "flip_training"):
        seconds = _seconds(f"{location}.definitions")
        results.append(
            Result(
                f"{location}_load_s",
                seconds,
                "s",
                "lower",
                TARGET_S,
                "importing dagster alone",
                {"dagster_alone_s": round(bare, 2), "ratio": round(seconds / bare, 2)},
            )
        )
    return results
