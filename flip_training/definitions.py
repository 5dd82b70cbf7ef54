"""The code location ``flip_training``: everything in ``defs``, put together."""

import dagster as dg

from flip_training.config import fingerprint
from flip_training.defs.evaluation import flip_retrieval
from flip_training.defs.gates import CHECKS
from flip_training.defs.jobs import nightly_training, train_flip
from flip_training.defs.resources import open_trainer
from flip_training.defs.training import flip_checkpoints
from flip_training.defs.training_sets import training_sets
from flip_training.pairs.recipe_files import all_recipes
from flip_training.versions import checkpoint_version, retrieval_version, training_set_version


def build_defs(home: str | None = None, preset_name: str | None = None) -> dg.Definitions:
    """The location for a data root and a preset; by default, those of the environment.

    An asset's code version covers the settings of all recipes, because Dagster has one version per
    asset; ``freshness`` tells recipes apart.

    Raises:
        ValueError: If the environment names an unknown preset or a data root that is a URL, or a
            file among the recipes is none.
    """
    trainer = open_trainer(home, preset_name)
    preset, recipes = trainer.preset, all_recipes(trainer.storage).values()
    versions = {
        "training_sets": fingerprint(*(training_set_version(r) for r in recipes)),
        "flip_checkpoints": fingerprint(*(checkpoint_version(r, preset) for r in recipes)),
        "flip_retrieval": retrieval_version(preset),
    }
    return dg.Definitions(
        assets=dg.map_asset_specs(
            lambda spec: spec.replace_attributes(code_version=versions[spec.key.to_user_string()]),
            [training_sets, flip_checkpoints, flip_retrieval],
        ),
        asset_checks=CHECKS,
        jobs=[train_flip],
        schedules=[nightly_training],
        resources={"trainer": trainer},
        executor=dg.in_process_executor,
    )


defs = build_defs()
