"""The momentum twin and the ring of past features."""

import pytest
import torch

from flip_training.objective.contrast import PairFeatures
from flip_training.objective.momentum import FeatureQueue


def features(first: int, count: int) -> PairFeatures:
    ids = torch.arange(first, first + count)
    return PairFeatures(ids[:, None].float(), -ids[:, None].float(), ids, ids + 100)


@pytest.mark.parametrize("batches", [[3], [3, 3], [3, 3, 3], [5], [7], [2, 7, 1]])
def test_a_queue_holds_the_last_pairs_whatever_the_batches(batches: list[int]) -> None:
    queue = FeatureQueue(5, 1)
    first = 0
    for count in batches:
        queue.enqueue(features(first, count))
        first += count
    held = queue.contents()
    assert sorted(held.image_id.tolist()) == list(range(max(0, first - 5), first))
    assert held.image_feat[:, 0].tolist() == held.image_id.tolist()
    assert held.caption_id.tolist() == (held.image_id + 100).tolist()


def test_a_queue_of_size_zero_stays_empty() -> None:
    queue = FeatureQueue(0, 1)
    queue.enqueue(features(0, 3))
    assert len(queue.contents().image_id) == 0
