"""Model cards say what the tables say, and nothing else."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from flip_training.config import Preset
from flip_training.model.model_card import CardFacts, facts_of, model_card
from flip_training.storage import Storage


def test_a_card_without_facts_has_no_numbers_of_data(micro: Preset) -> None:
    card = model_card(micro.model, CardFacts())
    assert "first weights: random" in card.lower()
    for heading in ("## Training data", "## Training\n", "## Retrieval"):
        assert heading not in card


def test_first_weights_are_named(micro: Preset) -> None:
    vision = replace(micro.model.vision, weights="openai/clip-vit-base-patch16")
    card = model_card(replace(micro.model, vision=vision), CardFacts())
    assert "First weights: image encoder 'openai/clip-vit-base-patch16'." in card


def test_a_card_counts_the_recipes_tables(built: Storage, micro: Preset) -> None:
    card = model_card(micro.model, facts_of(built, "llm"))
    pairs = built.read_table("training_sets", "llm").to_pylist()
    for split in ("train", "val", "test"):
        rows = [row for row in pairs if row["split"] == split]
        assert f"| {split} | {len({row['face_id'] for row in rows})} | {len(rows)} |" in card
    assert "Captions from `llm`." in card
    last = built.read_table("flip_checkpoints", "llm").to_pylist()[-1]
    assert f"{last['step']} optimizer steps" in card
    for row in built.read_table("flip_retrieval", "llm").to_pylist():
        start = f"| {row['split']} | {row['direction']} | {row['score']} | {row['metric']} | "
        assert f"{start}{row['value']:.4g} | {row['chance']:.4g} |" in card


@pytest.mark.parametrize(
    ("asset", "heading"),
    [("training_sets", "## Training data"), ("flip_retrieval", "## Retrieval")],
)
def test_numbers_of_another_checkpoint_are_left_out(
    built: Storage, micro: Preset, edit: Callable[..., None], asset: str, heading: str
) -> None:
    """The data changed after the training, or the model after the evaluation."""
    assert heading in model_card(micro.model, facts_of(built, "llm"))
    edit(
        "training_sets" if asset == "training_sets" else "flip_checkpoints", lambda rows: rows.pop()
    )
    assert heading not in model_card(micro.model, facts_of(built, "llm"))


def test_a_recipe_without_a_checkpoint_has_no_facts(storage: Storage) -> None:
    assert facts_of(storage, "llm") == CardFacts("llm")
