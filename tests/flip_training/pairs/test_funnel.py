"""The funnel that the UI shows."""

from flip_training.pairs.funnel import funnel_markdown
from flip_training.pairs.recipes import RECIPES
from flip_training.pairs.training_sets import build_training_set


def test_every_count_of_a_training_set_is_shown(storage, score) -> None:
    score()
    recipe = RECIPES["raw_top30_synthetic_rest"]
    text = funnel_markdown(build_training_set(storage, recipe).counts, recipe)
    for line in (
        "| captions read | 50 |",
        "| not used: status dropped | 2 |",
        "| **step 1: raw: raw scores in the top 30%** | 8 |",
        "| not at this step: below threshold | 16 |",
        "| **step 2: synthetic of the other faces** | 16 |",
        "| not at this step: taken before | 8 |",
        "| **pairs** | 24 |",
        "Threshold of raw in the top 30%: 0.16, which 8 of 24 scored faces reach.",
    ):
        assert line in text


def test_a_step_says_whose_threshold_it_borrows(storage, score) -> None:
    score()
    recipe = RECIPES["raw_top30_synthetic_same_threshold"]
    text = funnel_markdown(build_training_set(storage, recipe).counts, recipe)
    assert "of the other faces: synthetic scores as raw does in the top 30%**" in text


def test_joined_captions_are_shown(storage, score) -> None:
    score()
    recipe = RECIPES["raw_and_synthetic"]
    text = funnel_markdown(build_training_set(storage, recipe).counts, recipe)
    assert "| **step 1: raw joined to synthetic** | 48 |" in text
    assert "| joined to another caption | 24 |" in text
