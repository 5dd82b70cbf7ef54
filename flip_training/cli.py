"""The command ``flip``: build recipes, look at their state.

Arguments in, text out. What is stale belongs to ``freshness``, running the job to
``defs.building``, commands on finished models to ``model_commands``.
"""

import logging
import os
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.status import Status
from rich.table import Column, Table
from rich.text import Text

from flip_training.commands import model as model_commands
from flip_training.commands.embedding import embed_faces, embed_target
from flip_training.commands.terminal import console as _console
from flip_training.commands.terminal import stop
from flip_training.evaluation.retrieval_report import as_text
from flip_training.evaluation.retrieval_summary import mean_recall
from flip_training.freshness import CHAIN, failed_checks, first_to_build, states, why_not
from flip_training.pairs.inputs import NOT_BUILDABLE
from flip_training.pairs.recipe_files import all_recipes, find_recipe
from flip_training.pairs.recipes import Recipe
from flip_training.presets import preset_from_environment
from flip_training.storage import GateFailed, PartitionMissing, Storage

if TYPE_CHECKING:
    from flip_training.defs.resources import Trainer

app = typer.Typer(
    help="Train and evaluate FLIP on the dataset, recipe by recipe and gate by gate.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(model_commands.app)


@app.callback()
def _set_home(
    home: Annotated[
        str | None, typer.Option(help="Data root: a folder.", envvar="FACECAPTION_HOME")
    ] = None,
) -> None:
    # Everything that the command starts, the code location included, reads the variable.
    root = home or "data"
    if "://" not in root:
        root = str(Path(root).expanduser().absolute())
    os.environ["FACECAPTION_HOME"] = root


def _print_marked(mark: str, style: str, line: str) -> None:
    _console.print(Text.assemble((mark, style), f" {line}"), soft_wrap=True)


@app.command()
def build(
    recipes: Annotated[
        list[str] | None, typer.Argument(help="Recipes; default: all that can be built.")
    ] = None,
) -> None:
    """Build what is missing or stale, with the job that the UI runs; exit 1 if a gate failed."""
    from flip_training.defs.resources import open_trainer

    try:
        trainer = open_trainer()
        storage = trainer.storage
        if recipes:
            chosen = [find_recipe(storage, name) for name in recipes]
        else:
            chosen = _buildable(storage)
    except ValueError as error:
        raise stop(str(error)) from None
    # Partitioned checks are a preview of Dagster's that we chose; each of them would warn.
    warnings.filterwarnings("ignore", "Specifying a partitions_def on an AssetCheckSpec")
    failures = [line for recipe in chosen for line in _build(trainer, recipe)]
    if failures:
        raise stop("\n".join(f"✗ {line}" for line in failures))


def _buildable(storage: Storage) -> list[Recipe]:
    """All recipes but those that cannot be built; why not is printed."""
    reasons = {recipe: why_not(storage, recipe) for recipe in all_recipes(storage).values()}
    _tell_unbuildable({recipe.name: reason for recipe, reason in reasons.items()})
    found = [recipe for recipe, reason in reasons.items() if not reason]
    if not found:
        raise stop(f"no recipe can be built in {storage.home}")
    return found


def _tell_unbuildable(reasons: Mapping[str, str]) -> None:
    """Print which recipes cannot be built, together where the reason is one; it may be empty."""
    for reason in dict.fromkeys(filter(None, reasons.values())):
        names = ", ".join(name for name, why in reasons.items() if why == reason)
        _print_marked("·", "", f"{names} {reason}")


class _LatestLine(logging.Handler):
    """Shows the latest line of training or evaluation in place; nothing where output is a file."""

    def __init__(self, status: Status, recipe: str) -> None:
        super().__init__()
        self._status, self._recipe = status, recipe

    def emit(self, record: logging.LogRecord) -> None:
        """Replace the line that is shown."""
        self._status.update(Text(f"{self._recipe}: {record.getMessage()}"))


@contextmanager
def _progress(recipe: str) -> Iterator[None]:
    log = logging.getLogger("flip_training.progress")
    log.propagate = False
    log.setLevel(logging.INFO)
    with _console.status(f"{recipe}: starting") as status:
        handler = _LatestLine(status, recipe)
        log.addHandler(handler)
        try:
            yield
        finally:
            log.removeHandler(handler)


def _build(trainer: "Trainer", recipe: Recipe) -> list[str]:
    """Build one recipe where needed, print how it went, and return what failed."""
    from flip_training.defs.building import build_recipe

    storage, started = trainer.storage, time.monotonic()
    try:
        due = first_to_build(storage, recipe, trainer.preset)
    except NOT_BUILDABLE as error:
        return [f"{recipe.name}: {error}"]
    if due:
        _console.print(f"{recipe.name}: {due[0]} {due[1]}", soft_wrap=True)
        with _progress(recipe.name):
            failures = build_recipe(trainer, recipe, due[0])
        if failures:
            return [str(failure) for failure in failures]
    elif failed := failed_checks(storage, recipe, blocking=True):
        return [
            f"{recipe.name}: {asset} failed the check {v.check}: {v.reason}" for asset, v in failed
        ]
    took = f"built in {time.monotonic() - started:.0f} s" if due else "up to date"
    _print_marked("✓", "green", f"{recipe.name} {took}; {_outcome(storage, recipe)}")
    for _, verdict in failed_checks(storage, recipe, blocking=False):
        _print_marked("  !", "yellow", f"{verdict.check}: {verdict.reason}")
    return []


def _outcome(storage: Storage, recipe: Recipe) -> str:
    table = storage.read_table("flip_retrieval", recipe.name)
    parts = []
    for score in ("itc", "itm"):
        value, chance = mean_recall(table, "test", score)
        parts.append(f"{score} {value:.3f} (chance {chance:.3f})")
    return f"mean test recall {', '.join(parts)}"


@app.command()
def status() -> None:
    """Show which recipes are done, stale, failed or missing, and why."""
    try:
        storage = Storage.from_environment()
        preset = preset_from_environment()
        found = states(storage, preset)
    except ValueError as error:
        raise stop(str(error)) from None
    unbuildable = {recipe: reason for _, recipe, s, reason in found if s == "missing" and reason}
    table = Table(Column("recipe", overflow="fold"), *CHAIN, box=None)
    for name in dict.fromkeys(recipe for _, recipe, _, _ in found):
        if name in unbuildable:
            continue
        of_recipe = {asset: state for asset, recipe, state, _ in found if recipe == name}
        table.add_row(name, *(of_recipe[asset] for asset in CHAIN))
    _console.print(f"{storage.home}, preset {preset.name}", soft_wrap=True)
    _console.print(table)
    for asset, recipe, state, reason in found:
        if state in ("stale", "failed"):
            _console.print(f"{asset} {recipe} {state}: {reason}", soft_wrap=True)
    _tell_unbuildable(unbuildable)


app.command("embed-faces")(embed_faces)
app.command("embed-target")(embed_target)


@app.command("cross-validate")
def cross_validate(
    recipe: Annotated[str, typer.Argument(help="Which captions; its training set must be built.")],
    folds: Annotated[
        int, typer.Option(help="Models trained, each without its share of people.")
    ] = 5,
) -> None:
    """Train and measure a recipe so often that everyone is held out once; for small data."""
    import torch

    from flip_training.cross_validation import cross_validate as run
    from flip_training.train import use_threads

    try:
        preset = preset_from_environment()
        storage = Storage.from_environment()
        chosen = find_recipe(storage, recipe)
        use_threads(preset)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        with _console.status(f"{recipe}: starting") as status:
            told = partial(_tell, status, recipe)
            rows = run(storage, chosen, preset, folds, device, told)
    except (ValueError, PartitionMissing, GateFailed) as error:
        raise stop(str(error)) from None
    _console.print(as_text(rows), soft_wrap=True)


def _tell(status: Status, recipe: str, line: str) -> None:
    status.update(Text(f"{recipe}: {line}"))


if __name__ == "__main__":
    app()
