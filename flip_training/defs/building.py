"""Runs the UI's job in this process, for ``flip build``."""

import os
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import dagster as dg

from flip_training.definitions import build_defs
from flip_training.defs.abandoned_runs import end_abandoned_runs, process_tag
from flip_training.defs.current import SKIP_CURRENT
from flip_training.defs.resources import Trainer
from flip_training.freshness import CHAIN
from flip_training.pairs.recipes import Recipe

#: Dagster's console log repeats what the command prints itself; failures are read off the result.
_QUIET: Final[dict[str, Any]] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Failure:
    """Why a recipe was not built.

    Attributes:
        recipe: Partition key.
        asset: Asset that failed.
        check: The blocking check that failed, or None where the asset itself did.
        reason: In the check's or the error's own words.
    """

    recipe: str
    asset: str
    check: str | None
    reason: str

    def __str__(self) -> str:
        what = f"failed the check {self.check}" if self.check else "failed"
        return f"{self.recipe}: {self.asset} {what}: {self.reason}"


def dagster_home(trainer: Trainer) -> Path:
    """``DAGSTER_HOME``, else ``<home>/dagster``; made, configured and set for this process."""
    default = trainer.storage.home / "dagster"
    home = Path(os.environ.get("DAGSTER_HOME") or default).absolute()
    home.mkdir(parents=True, exist_ok=True)
    configuration = home / "dagster.yaml"
    if not configuration.exists():
        default_text = files("flip_training.defs").joinpath("dagster.yaml").read_text("utf-8")
        configuration.write_text(default_text, "utf-8")
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def build_recipe(trainer: Trainer, recipe: Recipe, first: str) -> list[Failure]:
    """Run ``train_flip`` for a recipe from an asset on; return why it failed, if it did.

    What is current when its turn comes is left alone.
    """
    dagster_home(trainer)
    definitions = build_defs(trainer.home, trainer.preset_name)
    with dg.DagsterInstance.get() as instance:
        end_abandoned_runs(instance)
        result = definitions.resolve_job_def("train_flip").execute_in_process(
            partition_key=recipe.name,
            instance=instance,
            asset_selection=[dg.AssetKey(name) for name in CHAIN[CHAIN.index(first) :]],
            run_config=_QUIET,
            tags={**process_tag(instance), **SKIP_CURRENT},
            raise_on_error=False,
        )
    return [] if result.success else _failures(result, recipe.name)


def _failures(result: dg.ExecuteInProcessResult, recipe: str) -> list[Failure]:
    gates = [
        Failure(recipe, e.asset_key.to_user_string(), e.check_name, e.description or "")
        for e in result.get_asset_check_evaluations()
        if e.blocking and not e.passed
    ]
    return gates or [
        Failure(recipe, event.step_key or "", None, _message(event))
        for event in result.get_step_failure_events()
    ]


def _message(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else "no error was recorded"
