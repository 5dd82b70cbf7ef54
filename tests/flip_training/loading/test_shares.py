"""The parts of a step."""

import numpy as np
import pytest

from flip_training.loading.shares import Share


def test_a_lone_process_has_all_rows() -> None:
    assert Share().positions(4).tolist() == [[0, 1, 2, 3]]


def test_each_piece_is_cut_over_the_processes() -> None:
    parts = [Share(rank, 2, 3).positions(12).tolist() for rank in range(2)]
    assert parts == [[[0, 1], [4, 5], [8, 9]], [[2, 3], [6, 7], [10, 11]]]


@pytest.mark.parametrize(("world_size", "micro_batches"), [(1, 1), (2, 1), (4, 3), (12, 2)])
def test_every_row_belongs_to_one_process(world_size: int, micro_batches: int) -> None:
    parts = [Share(r, world_size, micro_batches).positions(24) for r in range(world_size)]
    assert sorted(np.concatenate(parts, axis=None).tolist()) == list(range(24))
