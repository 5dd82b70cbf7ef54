"""FLIP's retrieval as the summary prints it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.table import Column, Table

#: A value and its interval.
_ENDS: Final = ("value", "value_low", "value_high")


def retrieval_table(found: Sequence[Mapping[str, Any]]) -> Table:
    """Recall and AUC per recipe and direction beside chance, on the test split."""
    metrics = ("R@1", "R@5", "R@10", "AUC")
    table = Table(
        Column("recipe", overflow="fold"),
        *("direction", *metrics, "queries"),
        title="Retrieval on held-out people: percent found (by chance), AUC [95 % interval]",
        title_justify="left",
        box=None,
    )
    groups: dict[tuple[str, str], dict[str, str]] = {}
    for row in found:
        if row["split"] != "test" or row["direction"] == "both":
            continue
        direction = row["direction"].replace("_to_", "→")
        place = (row["recipe"], f"{direction} {row['score'].upper()}")
        shown = groups.setdefault(place, {"queries": str(row["num_queries"])})
        # Of few queries, a tenth of a percent is none.
        digits = 0 if row["num_queries"] < 1000 else 1
        told = {name: f"{row[name] * 100:.{digits}f}" for name in _ENDS if name in row}
        if row["metric"] == "auc" and len(told) == len(_ENDS):
            shown["AUC"] = f"{told['value']} [{told['value_low']}-{told['value_high']}]"
        else:
            shown[row["metric"]] = f"{told['value']} ({row['chance'] * 100:.{digits}f})"
    for place, shown in groups.items():
        table.add_row(*place, *(shown.get(name, "") for name in (*metrics, "queries")))
    return table
