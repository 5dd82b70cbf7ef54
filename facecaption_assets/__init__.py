"""Builds the dataset, left to right.

sources → shards → faces → attributes → captions → rewriting → quality

Each stage is a package of plain functions that a notebook can call; ``defs`` wraps them as
partitioned Dagster assets. Nothing is re-exported here: import from the module that says it.
"""

import os

# Arrow's own pool keeps the memory that it once had, tens of MiB in a process that reads a small
# table; the system's gives it back. Arrow looks here once, before its first table.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
