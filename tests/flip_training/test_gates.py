"""What each gate finds."""

from collections.abc import Callable
from pathlib import Path

import pytest

from flip_training.freshness import failed_checks
from flip_training.gates import GATES, NotBuilt, mean_recall, mean_recalls
from flip_training.recipes import RECIPES
from flip_training.storage import Storage

LLM = RECIPES["llm"]
BY_NAME = {gate.name: gate for gate in GATES}


def test_a_sound_recipe_passes_every_blocking_gate(built: Storage) -> None:
    assert failed_checks(built, LLM, blocking=True) == []


@pytest.mark.parametrize(
    ("check", "change", "reason"),
    [
        ("rows_conserved", lambda rows: rows.pop(), "24 caption rows came in, 23 went out"),
        (
            "splits_disjoint",
            lambda rows: rows[0].update(split="test" if rows[0]["split"] != "test" else "train"),
            "1 groups are in several splits",
        ),
        ("loss_finite", lambda rows: rows[0].update(loss_itm=float("nan")), "loss_itm at step"),
        ("recalls_in_range", lambda rows: rows[0].update(value=1.5), "1 metrics are out of range"),
        (
            "recalls_in_range",
            lambda rows: [row.update(split="val") for row in rows],
            "nothing was measured on the test split",
        ),
        (
            "beats_chance",
            lambda rows: [row.update(value=row["chance"]) for row in rows],
            "mean test recall by itc is",
        ),
        (
            "beats_chance",
            lambda rows: [row.update(split="val") for row in rows],
            "nothing was measured on the test split",
        ),
        ("recalls_in_range", lambda rows: rows.clear(), "nothing was measured on the test split"),
    ],
)
def test_a_gate_says_what_is_wrong(
    built: Storage,
    edit: Callable[..., None],
    check: str,
    change: Callable[[list[dict[str, object]]], object],
    reason: str,
) -> None:
    gate = BY_NAME[check]
    edit(gate.asset, change)
    verdict = gate.judge(built, "llm")
    assert not verdict.passed
    assert reason in verdict.reason


def test_a_truncated_model_does_not_load(built: Storage) -> None:
    weights = built.model_path("llm") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    verdict = BY_NAME["checkpoint_loads"].judge(built, "llm")
    assert verdict.reason.startswith("cannot be loaded")


def test_only_chance_does_not_block() -> None:
    assert [gate.name for gate in GATES if not gate.blocking] == ["beats_chance"]


def test_what_is_not_built_cannot_be_judged(tmp_path: Path) -> None:
    with pytest.raises(NotBuilt, match="training_sets of llm"):
        BY_NAME["rows_conserved"].judge(Storage(tmp_path), "llm")


def test_recall_is_told_for_the_scores_that_were_measured(
    built: Storage, edit: Callable[..., None]
) -> None:
    edit(
        "flip_retrieval", lambda rows: [r.update(split="val") for r in rows if r["score"] == "itm"]
    )
    table = built.read_table("flip_retrieval", "llm")
    assert mean_recalls(table, "test") == {"itc": mean_recall(table, "test", "itc")}
    assert mean_recalls(table, "poems") == {}
