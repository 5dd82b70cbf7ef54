"""Intervals: how often they hold the truth, and what they say of little data."""

import pytest
import torch

from flip_training.evaluation.intervals import (
    MIN_GROUPS,
    Bootstrap,
    weighted_mean,
    weighted_median,
)


def of_pictures(groups: list[str], values: torch.Tensor) -> tuple[float, float]:
    """The interval of the mean of one value per picture."""
    bootstrap = Bootstrap.of_groups(groups)
    weights = bootstrap.weights(torch.eye(len(groups)) > 0)
    return bootstrap.interval(values, weights, weighted_mean, (0.0, 1.0))


def test_people_who_differ_make_the_interval_wide_enough() -> None:
    generator = torch.Generator().manual_seed(0)
    people, each = 10, 8
    ways = {
        "groups": Bootstrap.of_groups([f"person {i // each}" for i in range(people * each)]),
        "pictures": Bootstrap.of_groups([str(i) for i in range(people * each)]),
    }
    weights = {over: way.weights(torch.eye(people * each) > 0) for over, way in ways.items()}
    held = dict.fromkeys(ways, 0)
    for _ in range(200):
        means = 0.5 + 0.1 * torch.randn(people, generator=generator)
        values = means.repeat_interleave(each)
        values = values + 0.1 * torch.randn(people * each, generator=generator)
        for over, way in ways.items():
            low, high = way.interval(values, weights[over], weighted_mean, (0.0, 1.0))
            held[over] += low <= 0.5 <= high
    assert held["groups"] / 200 > 0.9
    assert held["pictures"] / 200 < 0.75  # What pictures taken for independent would claim.


def test_few_people_say_nothing_of_other_people() -> None:
    few = Bootstrap.of_groups(["a", "a", "b", "b", "c", "d"])
    assert (few.over, few.num_groups, few.num_clusters) == ("pictures", 4, 6)
    enough = Bootstrap.of_groups(["a", "a", "b", "c", "d", "e"])
    assert (enough.over, enough.num_groups, enough.num_clusters) == ("groups", MIN_GROUPS, 5)


def test_one_picture_says_nothing() -> None:
    assert of_pictures(["a"], torch.tensor([0.7])) == (0.0, 1.0)


@pytest.mark.parametrize(("value", "ends"), [(1.0, (0.4782, 1.0)), (0.0, (0.0, 0.5218))])
def test_five_people_who_agree_are_not_certainty(value: float, ends: tuple[float, float]) -> None:
    groups = [f"person {i % 5}" for i in range(50)]
    assert of_pictures(groups, torch.full((50,), value)) == pytest.approx(ends, abs=1e-4)


def test_a_caption_counts_as_often_as_the_people_whom_it_describes() -> None:
    groups = ["a", "b", "c", "d", "e"]
    bootstrap = Bootstrap.of_groups(groups)
    pictures = torch.eye(5) > 0
    shared = torch.cat([pictures, (pictures[0] | pictures[1])[None]])
    weights = bootstrap.weights(shared)
    assert torch.equal(weights[:, 5], (weights[:, 0] + weights[:, 1]) / 2)
    assert torch.equal(weights[:, :5].sum(dim=1), torch.full((len(weights),), 5.0).double())


def test_intervals_are_equal_in_every_run() -> None:
    groups = [f"{i % 7}" for i in range(30)]
    values = torch.rand(30, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    first = of_pictures(groups, values)
    torch.manual_seed(2)
    assert of_pictures(groups, values) == first


def test_a_weighted_median_is_that_of_the_repeated_values() -> None:
    values = torch.tensor([5.0, 1.0, 3.0])
    weights = torch.tensor([[1.0, 1.0, 1.0], [3.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    assert weighted_median(values, weights).tolist() == [3.0, 5.0, 1.0]


@pytest.mark.parametrize("size", range(3, 40))
def test_ends_are_within_the_bounds_however_sums_are_rounded(size: int) -> None:
    generator = torch.Generator().manual_seed(size)
    bootstrap = Bootstrap.of_groups([str(i % 3) for i in range(size)])
    describes = torch.rand(size, size, generator=generator) < 0.3
    describes |= torch.eye(size, dtype=torch.bool)
    weights = bootstrap.weights(describes)
    for share_right in (0.7, 1.0):
        values = (torch.rand(size, generator=generator) < share_right).double()
        low, high = bootstrap.interval(values, weights, weighted_mean, (0.0, 1.0))
        assert 0 <= low < high <= 1
