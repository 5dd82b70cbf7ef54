"""When is a stage's loss of one group worth a warning?

Two measures, because neither sees everything. The ratio of kept shares sees little where most are
kept: of 99 % and 90 % it makes 0.91, though one group is dropped ten times as often. Cohen's h
sees little where few are kept. Either speaks only where chance does not explain the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import sqrt
from typing import Final

import duckdb
import pyarrow as pa

from facecaption_assets.quality.gates import Outcome
from facecaption_assets.quality.people.estimates import MIN_CLUSTERS, cohens_h, comparable
from facecaption_assets.quality.people.findings import Comparison, find_steps
from facecaption_assets.quality.settings import QualitySettings
from facecaption_assets.schema import DATASET_TABLES, TABLES

#: Standard errors beyond which a difference is no chance. Of simulated datasets that treat four
#: groups alike at five steps, it takes at most three in a hundred for unequal, and mostly one in
#: some hundred; the fewer the people, the more.
MIN_Z: Final = 4.0


def tables_keep_people_alike(tables: Mapping[str, pa.Table], settings: QualitySettings) -> Outcome:
    """As ``stages_keep_people_alike``, for the tables of one shard; absent ones are empty."""
    with duckdb.connect() as connection:
        for name, table in (TABLES | DATASET_TABLES).items():
            connection.register(name, tables.get(name, table.arrow.empty_table()))
        return stages_keep_people_alike(connection, settings)


def stages_keep_people_alike(
    connection: duckdb.DuckDBPyConnection, settings: QualitySettings
) -> Outcome:
    """No stage drops one group of people far more than another.

    Args:
        connection: With a view per table of the schema.
        settings: ``min_parity``, ``max_group_difference`` and ``skin_tone_field``.
    """
    return judge_steps(find_steps(connection, settings.skin_tone_field), settings)


def judge_steps(steps: Mapping[str, Sequence[Comparison]], settings: QualitySettings) -> Outcome:
    """The verdict on shares that are already counted, by factor."""
    every = [(factor, comparison) for factor, compared in steps.items() for comparison in compared]
    judged = [c for _, c in every if len(comparable(c.groups)) > 1]
    found = [said for factor, c in every for said in _differences(factor, c, settings)]
    numbers: dict[str, int | float] = {
        "steps_compared": len(judged),
        "differences": len(found),
        "lowest_ratio": min((c.parity.ratio for c in judged if c.parity), default=1.0),
    }
    if not judged:
        few = f"No two groups of people have {MIN_CLUSTERS} split groups each: too few to compare."
        return Outcome(True, few, numbers)
    if not found:
        good = f"No group is dropped far more than another at {len(judged)} steps."
        return Outcome(True, good, numbers)
    limits = (
        f"min_parity is {settings.min_parity:g}, "
        f"max_group_difference {settings.max_group_difference:g}"
    )
    return Outcome(False, f"{'; '.join(found)}; {limits}.", numbers)


def _differences(factor: str, compared: Comparison, settings: QualitySettings) -> Iterator[str]:
    """Groups that fall far behind the best one, said in words."""
    groups = list(comparable(compared.groups).items())
    for name, estimate in groups[1:]:
        best, most = groups[0]
        difference = cohens_h(most.value, estimate.value)
        error = sqrt(1 / most.effective + 1 / estimate.effective)
        is_far = (
            difference > settings.max_group_difference
            or estimate.value < settings.min_parity * most.value
        )
        if is_far and difference > MIN_Z * error:
            yield (
                f"{compared.name} by {factor}: {name} {estimate.value:.1%} of {estimate.size}, "
                f"{best} {most.value:.1%} of {most.size}"
            )
