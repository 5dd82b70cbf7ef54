"""What a benchmark reports, where results are kept, and how they are shown."""

import json
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from time import process_time
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from facecaption_assets.storage import Storage


@dataclass(frozen=True)
class Result:
    """One number, and what it was measured beside.

    Attributes:
        name: Name that issues and readers refer to.
        value: The number.
        unit: Its unit; ``ratio`` where two things were measured side by side.
        better: Whether lower or higher is better.
        target: What is aimed at.
        against: What it was measured beside.
        details: Everything else that helps to read the number.
    """

    name: str
    value: float
    unit: str
    better: Literal["lower", "higher"]
    target: float
    against: str
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def meets_target(self) -> bool:
        """Whether the number is as good as the target."""
        return self.value <= self.target if self.better == "lower" else self.value >= self.target


def cpu_seconds(work: Callable[[], object], repeats: int = 5) -> float:
    """Least CPU time of several runs: the one that other processes disturbed least."""
    best = float("inf")
    for _ in range(repeats):
        started = process_time()
        work()
        best = min(best, process_time() - started)
    return best


def append(storage: Storage, results: list[Result]) -> None:
    """Add results to ``<home>/reports/benchmarks.json``, a JSON array, oldest first."""
    path = storage.reports / "benchmarks.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    machine = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }
    added = [asdict(r) | {"details": r.details | machine} for r in results]
    storage.write_text(path, json.dumps(kept + added, indent=1) + "\n")


def show(results: list[Result]) -> None:
    """Print results as a table."""
    table = Table("benchmark", "value", "target", "measured against", "details", box=None)
    for result in results:
        sign = "≤" if result.better == "lower" else "≥"
        colour = "green" if result.meets_target else "red"
        table.add_row(
            result.name,
            f"[{colour}]{result.value:.3g} {result.unit}[/{colour}]",
            f"{sign} {result.target:g}",
            result.against,
            ", ".join(f"{name} {value}" for name, value in result.details.items()),
        )
    # A log has no width of its own; the table is for people and should not be cut there.
    Console(width=None if sys.stdout.isatty() else 180).print(table)
