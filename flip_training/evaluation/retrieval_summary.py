"""What the metrics of a recipe come to, and those of all recipes side by side.

Numbers and text only; measuring belongs to ``retrieval_rows``, plots to ``retrieval_report``.
"""

import math
from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from flip_training.evaluation.retrieval_report import area_rows
from flip_training.storage import Storage

_HEAD: Final = (
    "| recipe | train pairs | score | AUC [95 % interval] | mean recall (chance) | queries |",
    "|---|---:|---|---|---|---|",
)


def mean_recall(table: pa.Table, split: str, score: str) -> tuple[float, float]:
    """Mean of R@1, R@5 and R@10 over both directions, and what chance would reach.

    Raises:
        ValueError: If the table has no such rows.
    """
    rows = [
        row
        for row in table.to_pylist()
        if row["split"] == split and row["score"] == score and row["metric"].startswith("R@")
    ]
    if not rows:
        raise ValueError(f"no {score} recall of the {split} split")
    value, chance = (math.fsum(row[c] for row in rows) / len(rows) for c in ("value", "chance"))
    return value, chance


def mean_recalls(table: pa.Table, split: str) -> dict[str, tuple[float, float]]:
    """``mean_recall`` by each score that the split was measured with; empty where it was not."""
    measured = {row["score"] for row in table.to_pylist() if row["split"] == split}
    return {score: mean_recall(table, split, score) for score in sorted(measured)}


def recipes_markdown(storage: Storage) -> str:
    """All recipes that are evaluated, as they are now, the best AUC by similarity first.

    Each recipe is asked for its own captions, of the people who have one. What is found among other
    candidates does not compare, so each row names how many queries of how many groups it is of.
    """
    rows = [
        row for recipe in storage.partitions("flip_retrieval") for row in _rows(storage, recipe)
    ]
    order = sorted(rows, key=lambda row: -row[0])
    return "\n".join([*_HEAD, *(line for _, line in order)])


def _rows(storage: Storage, recipe: str) -> Iterator[tuple[float, str]]:
    """A line for each score, with the AUC by similarity, which orders recipes."""
    table = storage.read_table("flip_retrieval", recipe)
    pairs = storage.read_provenance("training_sets", recipe)
    trained = f"{pairs.counts.get('pairs_train', 0):,.0f}" if pairs else ""
    areas = {row["score"]: row for row in area_rows(table.to_pylist(), "test")}
    for score, area in areas.items():
        value, chance = mean_recall(table, "test", score)
        interval = f"{area['value']:.3f} [{area['value_low']:.3f}-{area['value_high']:.3f}]"
        asked = f"{area['num_queries']:,} of {area['num_groups']:,} groups"
        cells = (recipe, trained, score, interval, f"{value:.3f} ({chance:.3f})", asked)
        yield areas.get("itc", area)["value"], f"| {' | '.join(cells)} |"
