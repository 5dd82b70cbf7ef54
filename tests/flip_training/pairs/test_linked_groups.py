"""Groups that share a picture become one."""

from flip_training.pairs.linked_groups import merged_names


def test_links_reach_on_and_the_first_name_stays() -> None:
    merged = merged_names([["b", "c"], ["x", "y"], ["c", "a"]])
    assert merged == {"a": "a", "b": "a", "c": "a", "x": "x", "y": "x"}


def test_without_links_nothing_is_renamed() -> None:
    assert merged_names([]) == {}
