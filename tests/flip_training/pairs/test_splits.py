import pytest

from flip_training.pairs.recipes import RECIPES
from flip_training.pairs.splits import THRESHOLD_GROUPS, split_groups

LLM = RECIPES["llm"]


@pytest.mark.parametrize(
    ("num_groups", "splits"),
    [(1, {"train"}), (2, {"train", "test"}), (3, {"train", "val", "test"})],
)
def test_few_groups_still_make_splits(num_groups: int, splits: set[str]) -> None:
    assert set(split_groups([f"person-{i}" for i in range(num_groups)], LLM).values()) == splits


def test_a_split_does_not_change_when_many_groups_become_more() -> None:
    some = [f"person-{i}" for i in range(THRESHOLD_GROUPS)]
    before = split_groups(some, LLM)
    after = split_groups([*some, *(f"other-{i}" for i in range(500))], LLM)
    assert all(after[group] == split for group, split in before.items())


def test_large_sets_are_cut_by_the_shares() -> None:
    splits = list(split_groups([f"person-{i}" for i in range(5000)], LLM).values())
    assert splits.count("test") == pytest.approx(1000, abs=100)
    assert splits.count("val") == pytest.approx(500, abs=80)
