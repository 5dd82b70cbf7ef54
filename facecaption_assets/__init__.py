"""Builds the dataset, left to right.

sources → shards → faces → attributes → captions → rewriting → quality

Each stage is a package of plain functions that a notebook can call; ``defs`` wraps them as
partitioned Dagster assets. Nothing is re-exported here: import from the module that says it.
"""
