"""The command ``facecaption``: add a source, build, look at the state, open the UI.

Arguments in, text out. What a command does belongs to ``defs.building``, ``doctor`` and the
stages; it is imported when the command runs, so that ``--help`` answers at once.
"""

import json
import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from facecaption_assets.commands.add_source import add
from facecaption_assets.commands.calibrate_attributes import calibrate_attributes
from facecaption_assets.commands.calibrate_detector import calibrate_detector
from facecaption_assets.commands.evaluate_attributes import evaluate_attributes
from facecaption_assets.commands.export_detector import export_detector
from facecaption_assets.commands.hash_benchmark import hash_benchmark
from facecaption_assets.commands.location import open_location
from facecaption_assets.commands.retrieval_table import retrieval_table
from facecaption_assets.commands.review import review
from facecaption_assets.commands.review_score import review_score
from facecaption_assets.commands.train_attributes import train_attributes
from facecaption_assets.commands.verify_captions import verify_captions
from facecaption_assets.freshness import PartitionState, State
from facecaption_assets.models import ModelUnavailable
from facecaption_assets.shards.sources import SourceError
from facecaption_assets.storage import Storage
from facecaption_assets.terminal import console, errors, print_marked, stop

if TYPE_CHECKING:
    from facecaption_assets.defs.building import Failure
    from facecaption_assets.defs.retrying import Retry

app = typer.Typer(
    help="Build a facial image-text dataset, stage by stage and gate by gate.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _set_home(
    home: Annotated[
        str | None,
        typer.Option(help="Data root: a folder or an fsspec URL.", envvar="FACECAPTION_HOME"),
    ] = None,
) -> None:
    # Partitioned checks are a preview of Dagster's that we chose; each of them would warn.
    warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")
    # Two OpenMP threads that spin while they wait take each other's core on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Everything that the command starts, code locations included, reads the variable.
    root = home or "data"
    if "://" not in root:
        root = str(Path(root).expanduser().absolute())
    os.environ["FACECAPTION_HOME"] = root


def _storage() -> Storage:
    return Storage(os.environ["FACECAPTION_HOME"])


app.command("add-source")(add)


@app.command()
def build(
    sources: Annotated[list[str] | None, typer.Argument(help="Sources; default: all.")] = None,
) -> None:
    """Build what is missing or stale, with the job that the UI runs; exit 1 if a gate failed."""
    from facecaption_assets.defs import building
    from facecaption_assets.defs.instance import open_instance

    definitions, dataset = open_location()
    failures: list[Failure] = []
    with open_instance(_storage()) as instance:
        try:
            unbuilt = building.build_laion_parts(definitions, dataset, instance, sources or [])
            if unbuilt:
                raise stop("\n".join(f"✗ {failure}" for failure in unbuilt))
            if sources:
                shards = building.register(dataset, instance, sources)
            else:
                shards, failures = building.register_all(dataset, instance)
        except (SourceError, ModelUnavailable) as error:
            raise stop(str(error)) from None
        if not shards and not failures:
            raise stop(building.why_no_shards(dataset, sources or []))
        waiting = building.pending(dataset, shards)
        counted = "1 shard" if len(shards) == 1 else f"{len(shards)} shards"
        console.print(f"{counted}, {len(waiting)} with work to do")
        failures += building.build(definitions, dataset, instance, waiting, _tell(len(waiting)))
    if failures:
        raise stop("\n".join(f"✗ {failure}" for failure in failures))


def _tell(total: int) -> Callable[[str, float, list["Failure"]], None]:
    done = 0

    def tell(shard: str, seconds: float, failures: list["Failure"]) -> None:
        nonlocal done
        done += 1
        mark = ("✗", "red") if failures else ("✓", "green")
        print_marked(*mark, f"{done}/{total} {shard} in {seconds:.0f} s")

    return tell


@app.command("retry-failed")
def retry_failed(
    sources: Annotated[list[str] | None, typer.Argument(help="Sources; default: all.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what is worth it.")] = False,
) -> None:
    """Ask again for URLs that failed and are worth another try; exit 1 if a gate failed."""
    from facecaption_assets.defs import retrying
    from facecaption_assets.defs.instance import open_instance

    definitions, dataset = open_location()
    try:
        shards = retrying.shards_of(dataset, sources or [])
    except SourceError as error:
        raise stop(str(error)) from None
    waiting = retrying.waiting_in(dataset, shards)
    console.print(retrying.announce(waiting, len(shards)))
    if dry_run or not waiting:
        for shard in waiting:
            console.print(f"  {shard}", soft_wrap=True)
        return
    with open_instance(_storage()) as instance:
        retried, failures = retrying.retry(definitions, dataset, instance, waiting, _tell_retry)
    console.print(retrying.summarize(retried), soft_wrap=True)
    if failures:
        raise stop("\n".join(f"✗ {failure}" for failure in failures))


def _tell_retry(retried: "Retry") -> None:
    mark = ("✗", "red") if retried.failures else ("✓", "green")
    print_marked(*mark, str(retried))


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per partition.")] = False,
) -> None:
    """Show what is done, stale, failed and missing, per asset."""
    from facecaption_assets.defs import building

    _, dataset = open_location()
    try:
        states = building.states(dataset) + _training_states()
    except SourceError as error:
        raise stop(str(error)) from None
    if as_json:
        for state in states:
            sys.stdout.write(json.dumps(asdict(state)) + "\n")
        return
    table = Table("asset", *(str(s) for s in State), box=None)
    for asset in dict.fromkeys(state.asset for state in states):
        counts = Counter(state.state for state in states if state.asset == asset)
        table.add_row(asset, *(str(counts[s]) if counts[s] else "·" for s in State))
    console.print(table)
    for state in states:
        if state.state in (State.STALE, State.FAILED):
            place = f"{state.asset} {state.partition}".strip()
            console.print(f"{place} {state.state}: {state.reason}", soft_wrap=True)


def _training_states() -> list[PartitionState]:
    """States of the other code location's assets, where it is installed.

    The packages do not know each other: what they share is an entry point that gives
    (asset, partition, state, reason), or raises ValueError where it cannot tell: training reads
    local folders only.
    """
    states = []
    for entry in entry_points(group="facecaption.status"):
        try:
            rows = entry.load()(os.environ["FACECAPTION_HOME"])
        except ValueError as error:
            errors.print(f"no states of {entry.name}: {error}", soft_wrap=True)
            continue
        states += [PartitionState(asset, key, State(s), reason) for asset, key, s, reason in rows]
    return states


@app.command()
def summary() -> None:
    """Print the funnel, retrieval against chance, and where to look."""
    from facecaption_assets.quality.findings import read_retrieval
    from facecaption_assets.quality.funnel import count_funnel

    storage = _storage()
    console.print(count_funnel(storage).to_text(), soft_wrap=True)
    if found := read_retrieval(storage):
        console.print()
        console.print(retrieval_table(found))
    console.print("\nWhere to look")
    for name, path in {
        "report": storage.reports / "quality.html",
        "gallery": storage.reports / "gallery.html",
        "checkpoints": storage.root / "flip_checkpoints",
        "tables": storage.root / "<asset>" / "<shard>.parquet",
    }.items():
        console.print(f"  {name:12} {path}", soft_wrap=True)


@app.command()
def doctor() -> None:
    """Check what this machine lacks, and say the command that mends it."""
    from facecaption_assets.doctor import Level, examine

    marks = {Level.GOOD: ("✓", "green"), Level.NOTE: ("·", ""), Level.BAD: ("✗", "red")}
    findings = examine(_storage())
    for finding in findings:
        print_marked(*marks[finding.level], f"{finding.subject}: {finding.detail}")
        if finding.remedy:
            console.print(f"    {finding.remedy}", soft_wrap=True)
    if any(finding.level is Level.BAD for finding in findings):
        raise typer.Exit(1)


app.command("evaluate-attributes")(evaluate_attributes)
app.command("calibrate-attributes")(calibrate_attributes)
app.command("calibrate-detector")(calibrate_detector)
app.command("export-detector")(export_detector)
app.command("train-attributes")(train_attributes)
app.command("verify-captions")(verify_captions)
app.command("hash-benchmark")(hash_benchmark)
app.command("review")(review)
app.command("review-score")(review_score)


@app.command()
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Dagster UI.")] = 3000,
    reports_port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port that serves the reports.")
    ] = 3001,
) -> None:
    """Open the Dagster UI on this data root, on loopback, with the reports beside it."""
    from facecaption_assets.defs.serving import PortUnavailable, serve

    storage = _storage()
    if not storage.is_local:
        console.print(f"Reports are at {storage.reports}; they are not served", soft_wrap=True)
    try:
        status = serve(storage, port, reports_port)
    except PortUnavailable as error:
        raise stop(str(error)) from None
    raise typer.Exit(status)


if __name__ == "__main__":
    app()
