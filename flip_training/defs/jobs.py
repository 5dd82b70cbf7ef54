"""The job that carries a recipe from its pairs to its metrics, and its nightly schedule."""

from collections.abc import Iterator

import dagster as dg

from flip_training.defs.current import SKIP_CURRENT
from flip_training.defs.partitions import recipes
from flip_training.defs.resources import Trainer
from flip_training.freshness import CHAIN, first_to_build
from flip_training.pairs.inputs import NOT_BUILDABLE
from flip_training.pairs.recipe_files import all_recipes

train_flip = dg.define_asset_job(
    name="train_flip",
    selection=dg.AssetSelection.assets(*CHAIN),
    executor_def=dg.in_process_executor,
    description="Takes one recipe from pairs to metrics, gate by gate.",
)


@dg.schedule(
    job=train_flip,
    cron_schedule="0 5 * * *",
    description="Every night: one run per recipe that is missing or stale, which builds what is "
    "due and no more. Off until switched on.",
)
def nightly_training(
    context: dg.ScheduleEvaluationContext, trainer: Trainer
) -> Iterator[dg.RunRequest]:
    """Request a run for every recipe that has something to build from.

    A recipe whose file came after the location was loaded has no partition yet: a request for it
    would fail those of all others.
    """
    loaded = recipes.get_partition_keys()
    for recipe in all_recipes(trainer.storage).values():
        if recipe.name not in loaded:
            context.log.info(f"{recipe.name} is new; reload the code location to have it built")
            continue
        try:
            due = first_to_build(trainer.storage, recipe, trainer.preset)
        except NOT_BUILDABLE as error:
            context.log.info(f"{recipe.name} cannot be built: {error}")
            continue
        if due:
            night = context.scheduled_execution_time.date().isoformat()
            yield dg.RunRequest(
                run_key=f"{recipe.name}-{night}", partition_key=recipe.name, tags=SKIP_CURRENT
            )
