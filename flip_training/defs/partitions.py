"""Partitions: one per recipe."""

import dagster as dg

from flip_training.recipes import RECIPES

recipes = dg.StaticPartitionsDefinition(list(RECIPES))
