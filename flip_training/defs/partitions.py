"""Partitions: one per recipe, of the package and of the data root as it is at loading."""

import dagster as dg

from flip_training.pairs.recipe_files import all_recipes
from flip_training.storage import Storage

recipes = dg.StaticPartitionsDefinition(list(all_recipes(Storage.from_environment())))
