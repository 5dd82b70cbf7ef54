"""What became of a recipe's caption rows, as a table for people. Counting belongs elsewhere."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from flip_training.pairs.recipes import Recipe, Take

_THRESHOLD: Final = re.compile(r"threshold_(?P<source>[a-z]+)_top_(?P<top>.+)")


def funnel_markdown(counts: Mapping[str, float], recipe: Recipe) -> str:
    """A Markdown table of a training set's counts: from rows read, step by step, to pairs.

    Args:
        counts: As ``training_sets`` records them.
        recipe: What they are of.
    """
    lines = ["| | rows |", "|---|---:|", _line("captions read", counts["caption_rows"])]
    lines += _reasons(counts, "excluded_", "not used: ")
    for number, take in enumerate(recipe.takes, 1):
        prefix = f"step_{number}_"
        lines.append(_line(f"**step {number}: {_told(take)}**", counts.get(f"{prefix}taken", 0)))
        lines += _reasons(counts, prefix, "not at this step: ", ("taken", "faces"))
        lines.append(_line("of different faces", counts[f"{prefix}faces"]))
    if joined := counts.get("joined_rows"):
        lines.append(_line("joined to another caption", joined))
    lines.append(_line("**pairs**", counts["pairs"]))
    lines += _reasons(counts, "pairs_", "of them ")
    return "\n".join([*lines, *_thresholds(counts)])


def _line(what: str, number: float) -> str:
    return f"| {what} | {number:,.0f} |"


def _reasons(
    counts: Mapping[str, float], prefix: str, before: str, without: tuple[str, ...] = ()
) -> list[str]:
    found = {
        name.removeprefix(prefix): number
        for name, number in counts.items()
        if name.startswith(prefix)
    }
    return [
        _line(f"{before}{name.replace('_', ' ')}", number)
        for name, number in found.items()
        if name not in without
    ]


def _told(take: Take) -> str:
    what = (" joined to " if take.joined else ", ").join(take.captions)
    where = [str(cut) for cut in take.where]
    where += ["faces like the target"] if take.in_clusters else []
    where += [f"best {take.best} of a face"] if take.best else []
    rest = " of the other faces" if take.faces == "rest" else ""
    return f"{what}{rest}{': ' if where else ''}{'; '.join(where)}"


def _thresholds(counts: Mapping[str, float]) -> Iterable[str]:
    """A sentence on each threshold."""
    for name, value in counts.items():
        if found := _THRESHOLD.fullmatch(name):
            source, share = found["source"], found["top"]
            place = f"{source}_top_{share}"
            exact = "" if counts[f"is_exact_{place}"] else " (approximate)"
            yield (
                f"\nThreshold of {source} in the top {float(share):.0%}: "
                f"{value:.6g}{exact}, which {counts[f'faces_in_{place}']:,.0f} of "
                f"{counts[f'faces_scored_{source}']:,.0f} scored faces reach."
            )
