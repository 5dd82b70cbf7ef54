"""What each gate finds."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from flip_training.freshness import failed_checks
from flip_training.gates import GATES, NotBuilt
from flip_training.pairs.recipes import RECIPES
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
        (
            "faces_to_train",
            lambda rows: [row.update(split="test") for row in rows],
            "0 faces to train on, of 2 at least",
        ),
        ("faces_to_train", lambda rows: rows.clear(), "0 faces to train on, of 2 at least"),
        ("loss_finite", lambda rows: rows[0].update(loss_itm=float("nan")), "loss_itm at step"),
        ("recalls_in_range", lambda rows: rows[0].update(value=1.5), "1 metrics are out of range"),
        (
            "recalls_in_range",
            lambda rows: [row.update(split="val") for row in rows],
            "nothing was measured on the test split",
        ),
        ("recalls_in_range", lambda rows: rows[3].update(value_low=0.5), "1 metrics are out of"),
        ("recalls_in_range", lambda rows: rows[0].update(value_high=1.1), "1 metrics are out of"),
        (
            "beats_chance",
            lambda rows: [row.update(value=0.7, value_low=0.5) for row in rows],
            "AUC on the validation split by itc is 0.700, of which the 95 % interval over pictures "
            "begins at 0.500",
        ),
        (
            "beats_chance",
            lambda rows: [row.update(split="test") for row in rows],
            "nothing was measured on the validation split",
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


def test_a_recipe_beats_chance_where_the_interval_lies_above_it(
    built: Storage, edit: Callable[..., None]
) -> None:
    edit("flip_retrieval", lambda rows: [r.update(value=0.6, value_low=0.501) for r in rows])
    assert BY_NAME["beats_chance"].judge(built, "llm").passed


def test_a_checkpoint_of_another_training_set_may_have_seen_the_test(
    built: Storage, edit: Callable[..., None]
) -> None:
    provenance = built.read_provenance("flip_checkpoints", "llm")
    assert provenance is not None
    other = replace(provenance, input_versions={"training_sets/llm": "of last week"})
    built.commit(built.read_table("flip_checkpoints", "llm"), other)
    verdict = BY_NAME["pictures_unseen"].judge(built, "llm")
    assert verdict.reason.startswith("the checkpoint was trained on another version")
    assert verdict.blocking


@pytest.mark.parametrize("column", ["key", "crop_sha256"])
def test_a_picture_that_was_trained_on_and_held_out_is_found(
    built: Storage, edit: Callable[..., None], column: str
) -> None:
    def leak(rows: list[dict[str, object]]) -> None:
        seen = next(row for row in rows if row["split"] == "train")
        held_out = next(row for row in rows if row["split"] == "test")
        held_out[column] = seen[column]

    edit("training_sets", leak)
    reason = BY_NAME["pictures_unseen"].judge(built, "llm").reason
    assert reason == (
        f"{int(column == 'key')} pictures and {int(column == 'crop_sha256')} crops were trained on "
        "and held out"
    )


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        ("loss_falls", "the loss did not fall: its median was 4.000 in the first fifth and 5.000"),
        ("temperature_free", "the temperature is at its upper bound, 0.5"),
    ],
)
def test_a_training_that_learnt_nothing_is_found(
    built: Storage, edit: Callable[..., None], check: str, reason: str
) -> None:
    def rise(rows: list[dict[str, object]]) -> None:
        course = [
            {"step": i, "lr": 0.1, "loss_itc": 3.0 + (i >= 10), "loss_itm": 1.0, "temp": 0.5}
            for i in range(20)
        ]
        rows[:] = [{**rows[0], **row} for row in course]

    edit("flip_checkpoints", rise)
    assert reason in BY_NAME[check].judge(built, "llm").reason


def test_what_depends_on_the_data_does_not_block() -> None:
    names = [gate.name for gate in GATES if not gate.blocking]
    assert names == ["temperature_free", "beats_chance"]


def test_what_is_not_built_cannot_be_judged(tmp_path: Path) -> None:
    with pytest.raises(NotBuilt, match="training_sets of llm"):
        BY_NAME["rows_conserved"].judge(Storage(tmp_path), "llm")
