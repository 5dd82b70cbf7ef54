"""The order of an epoch."""

import numpy as np
import pytest

from flip_training.loading.epoch_order import EpochOrder

STARTS = np.array([0, 40, 41, 160, 300])


def order(block: int = 32, seed: int = 0, epoch: int = 0) -> EpochOrder:
    return EpochOrder(STARTS, block, seed, epoch)


@pytest.mark.parametrize("block", [1, 7, 32, 299, 300, 5000])
@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_every_face_has_one_place(block: int, epoch: int) -> None:
    rows = order(block, epoch=epoch).rows(0, 300).tolist()
    assert sorted(rows) == list(range(300)) != rows


@pytest.mark.parametrize("block", [7, 32, 5000])
def test_a_stretch_is_known_without_those_before_it(block: int) -> None:
    whole = order(block).rows(0, 300)
    for first, end in ((0, 1), (31, 33), (100, 164), (299, 300)):
        assert order(block).rows(first, end).tolist() == whole[first:end].tolist()


def test_the_order_follows_seed_and_epoch_only() -> None:
    orders = [order(seed=s, epoch=e).rows(0, 300).tolist() for s, e in ((0, 0), (0, 1), (1, 0))]
    assert orders[0] == order().rows(0, 300).tolist()
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_neighbours_in_the_order_are_neighbours_in_the_tars() -> None:
    """A block has faces of one stretch of the shards, so that few tars are read at a time."""
    starts = np.arange(0, 10_001, 100)
    rows = EpochOrder(starts, 200, 0, 0).rows(4000, 4200)
    assert len(set((rows // 100).tolist())) <= 5


def test_blocks_part_at_other_faces_in_every_epoch() -> None:
    """Else two faces far apart in a lone shard would never meet in a batch."""
    starts = np.array([0, 1000])
    met = set()
    for epoch in range(30):
        hundreds = EpochOrder(starts, 100, 0, epoch).rows(0, 1000) // 100
        met |= {frozenset(batch.tolist()) for batch in hundreds.reshape(-1, 50)}
    assert len([pair for pair in met if len(pair) == 2]) == 10


def test_places_are_spread_evenly() -> None:
    """Over many epochs, a face is as often early as late."""
    places = [np.argsort(order(epoch=e).rows(0, 300)) for e in range(200)]
    assert np.abs(np.mean(places, axis=0) - 149.5).max() < 4 * 86.6 / np.sqrt(200)
