"""Retrieval in the summary."""

import io

import pytest
from rich.console import Console

from facecaption_assets.commands.retrieval_table import retrieval_table


def row(**changes: object) -> dict[str, object]:
    """A row of FLIP's retrieval."""
    plain: dict[str, object] = {"recipe": "llm", "split": "test", "score": "itc"}
    plain |= {"direction": "image_to_text", "metric": "R@5", "num_queries": 37}
    return plain | {"value": 0.271, "chance": 0.152} | changes


def printed(rows: list[dict[str, object]]) -> str:
    """The table as a terminal of 80 columns shows it."""
    sink = io.StringIO()
    Console(file=sink, width=80).print(retrieval_table(rows))
    return sink.getvalue()


def test_recall_stands_beside_chance_and_auc_beside_its_interval() -> None:
    area = row(metric="auc", value=0.7, value_low=0.61, value_high=0.78, chance=0.5)
    last = printed([row(), area]).splitlines()[-1]
    assert " ".join(last.split()) == "llm image→text ITC 27 (15) 70 [61-78] 37"


@pytest.mark.parametrize("left_out", [{"split": "val"}, {"direction": "both"}])
def test_only_the_directions_of_the_test_split_are_shown(left_out: dict[str, object]) -> None:
    assert "llm" not in printed([row(**left_out)])


def test_many_queries_show_tenths() -> None:
    assert "27.1 (15.2)" in printed([row(num_queries=5000)])


def test_an_evaluation_from_before_there_were_intervals_is_shown_too() -> None:
    assert "llm" in printed([row(), row(metric="median_rank", value=9.0, chance=18.0)])


def test_long_names_of_recipes_are_told_in_full() -> None:
    name = "raw_top30_synthetic_same_threshold"
    area = row(recipe=name, metric="auc", value=0.7, value_low=0.61, value_high=0.78, chance=0.5)
    rest = [row(recipe=name, metric=metric) for metric in ("R@1", "R@5", "R@10")]
    lines = printed([*rest, area]).splitlines()[2:]
    assert "".join(line.split()[0] for line in lines if line.split()) == name
