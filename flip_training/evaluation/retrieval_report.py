"""Rows of ``flip_retrieval`` as people read them: a table, in text and Markdown, and a plot.

Shows numbers only, never a picture of a face. What is measured belongs to ``retrieval_rows``.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

Row = Mapping[str, Any]

_COLUMNS: Final = ("split", "score", "direction", "metric", "found", "95 % interval", "chance")
_OVER: Final = {
    "groups": "it holds for other people of this kind.",
    "pictures": "it holds for other pictures of these people; they are too few to say what other "
    "people would give.",
}
_RIGHT, _CHANCE, _INK = "#2f6f73", "#c98a5b", "#1e1c19"


def area_rows(rows: Sequence[Row], split: str) -> list[Row]:
    """The AUC of both directions, by each score that the split was measured with."""
    return [
        row
        for row in rows
        if (row["split"], row["metric"], row["direction"]) == (split, "auc", "both")
    ]


def as_text(rows: Sequence[Row]) -> str:
    """All metrics in columns, and what their intervals cover."""
    lines = [_COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_COLUMNS))]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([*table, *_notes(rows)])


def as_markdown(rows: Sequence[Row]) -> str:
    """A plot of AUC and recall beside chance, all metrics as a table, and what intervals cover."""
    if not rows:
        return "Nothing was measured."
    table = ["| " + " | ".join(line) + " |" for line in (_COLUMNS, *(_cells(row) for row in rows))]
    table.insert(1, "|---" * len(_COLUMNS) + "|")
    label = "Found on held-out people, with 95 % intervals, beside chance"
    picture = base64.b64encode(_plot([row for row in rows if row["metric"] != "median_rank"]))
    return "\n".join(
        [f"![{label}](data:image/png;base64,{picture.decode()})", "", *table, "", *_notes(rows)]
    )


def _cells(row: Row) -> tuple[str, ...]:
    digits = 0 if row["metric"] == "median_rank" else 3
    value, low, high, chance = (
        f"{row[name]:.{digits}f}" for name in ("value", "value_low", "value_high", "chance")
    )
    direction = row["direction"].replace("_to_", " to ")
    place = (row["split"], row["score"], direction, row["metric"])
    return (*place, value, f"{low} to {high}", chance)


def _notes(rows: Sequence[Row]) -> list[str]:
    """One line for each split."""
    of_split = {row["split"]: row for row in rows}
    return [
        f"{split}: {row['num_groups']} split groups (people where they are known). The interval is "
        f"over {row['interval_over']}: {_OVER[row['interval_over']]}"
        for split, row in of_split.items()
    ]


def _plot(rows: Sequence[Row]) -> bytes:
    """Each metric of the last split as a point with its interval, and chance as a tick: PNG."""
    from matplotlib.figure import Figure

    shown = [row for row in rows if row["split"] == rows[-1]["split"]]
    places = range(len(shown))
    values = [row["value"] for row in shown]
    reach = [
        [row["value"] - row["value_low"] for row in shown],
        [row["value_high"] - row["value"] for row in shown],
    ]
    figure = Figure(figsize=(4.6, 0.6 + 0.19 * len(shown)), layout="constrained")
    axes = figure.subplots()
    axes.errorbar(values, places, xerr=reach, fmt="o", ms=3.5, lw=1.2, color=_RIGHT, label="found")
    chances = [row["chance"] for row in shown]
    axes.plot(chances, places, "|", ms=8, mew=1.6, color=_CHANCE, label="by chance")
    names = (" ".join(_cells(row)[1:4]).replace("image", "pic") for row in shown)
    axes.set_yticks(list(places), list(names), fontsize=7, color=_INK)
    axes.set_xlim(-0.02, 1.02)
    axes.tick_params(axis="x", labelsize=7)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(f"{shown[0]['split']} split", fontsize=8, loc="left")
    axes.legend(frameon=False, fontsize=7, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    sink = io.BytesIO()
    figure.savefig(sink, format="png", dpi=90)
    return sink.getvalue()
