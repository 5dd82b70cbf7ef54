"""A part of a benchmark in a process of its own, whose peak memory is its own."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable


def measure(module: str, *arguments: object) -> dict[str, float]:
    """What a module's ``main`` told with ``tell`` of itself.

    Args:
        module: Name of the benchmark's module, which calls ``main`` when run.
        arguments: What it is given on its command line.
    """
    run = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    measured: dict[str, float] = json.loads(run.stdout)
    return measured


def tell(work: Callable[[], int | None]) -> None:
    """Do the work in this process; print what it found and took: seconds, and MiB at the peak."""
    started, used = time.perf_counter(), time.process_time()
    found = work()
    kibibyte = 1024 if sys.platform == "darwin" else 1
    measured = {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - used,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / kibibyte / 1024,
        "found": found or 0,
    }
    sys.stdout.write(json.dumps(measured))
