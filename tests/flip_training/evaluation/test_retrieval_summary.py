"""What a recipe's metrics come to, beside those of others."""

from collections.abc import Callable
from dataclasses import replace

from flip_training.evaluation.retrieval_summary import mean_recall, mean_recalls, recipes_markdown
from flip_training.storage import Storage


def test_recall_is_told_for_the_scores_that_were_measured(
    built: Storage, edit: Callable[..., None]
) -> None:
    edit(
        "flip_retrieval", lambda rows: [r.update(split="val") for r in rows if r["score"] == "itm"]
    )
    table = built.read_table("flip_retrieval", "llm")
    assert mean_recalls(table, "test") == {"itc": mean_recall(table, "test", "itc")}
    assert mean_recalls(table, "poems") == {}


def test_recipes_stand_side_by_side_the_best_first(
    built: Storage, edit: Callable[..., None]
) -> None:
    edit("flip_retrieval", lambda rows: [r.update(value=0.4) for r in rows])
    table, record = (
        built.read_table("flip_retrieval", "llm"),
        built.read_provenance("flip_retrieval", "llm"),
    )
    assert record is not None
    column = table.schema.get_field_index("value")
    better = table.set_column(column, table.schema.field(column), [[0.6] * len(table)])
    built.commit(better, replace(record, partition="template"))
    lines = recipes_markdown(built).splitlines()[2:]
    told = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [cells[0] for cells in told] == ["template", "template", "llm", "llm"]
    assert [cells[2] for cells in told] == ["itc", "itm"] * 2
    assert all(cells[3].startswith("0.400 [") for cells in told if cells[0] == "llm")
    assert {cells[1] for cells in told} == {"", "15"}


def test_without_any_evaluation_there_is_only_the_head(storage: Storage) -> None:
    assert len(recipes_markdown(storage).splitlines()) == 2
