"""Partitions that a run leaves alone because building them would only repeat what is there."""

from typing import Final

import dagster as dg

from flip_training.defs.resources import Trainer
from flip_training.freshness import is_current
from flip_training.pairs.inputs import NOT_BUILDABLE
from flip_training.pairs.recipe_files import find_recipe
from flip_training.storage import Provenance

#: Runs with this tag leave partitions alone that are current; a run without it (a click on
#: Materialize) builds again whatever it is asked for. The dataset's runs know the same tag.
SKIP_CURRENT_TAG: Final = "facecaption/skip_current"

#: What ``flip build`` and the nightly schedule put on their runs.
SKIP_CURRENT: Final = {SKIP_CURRENT_TAG: "true"}


def current(context: dg.AssetExecutionContext, trainer: Trainer) -> Provenance | None:
    """The run's partition of the context's asset, if it is current and the run skips such.

    Asked when the step starts, so that pairs which were rebuilt and came out equal train nothing.
    """
    if context.run.tags.get(SKIP_CURRENT_TAG) != "true":
        return None
    asset = context.asset_key.to_user_string()
    chosen = find_recipe(trainer.storage, context.partition_key)
    try:
        skips = is_current(trainer.storage, asset, chosen, trainer.preset)
    except NOT_BUILDABLE as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
    if not skips:
        return None
    context.log.info(f"{asset} of {chosen.name} is current; nothing to do")
    return trainer.storage.read_provenance(asset, chosen.name)
