"""A process alone, its share of a piece, and what it refuses; several are in test_objective."""

import pytest
import torch

from flip_training.objective.distributed import Processes, join_processes
from tests.objective_process import collectives


def test_alone_every_collective_returns_what_it_was_given() -> None:
    results = collectives(Processes())
    for name in ("gather", "gather_with_grad", "sum", "mean"):
        assert results[name].tolist() == [0, 1]
    assert results["grad"].tolist() == [1, 1]
    assert results["any"].tolist() == [False, False]


def test_what_is_gathered_without_gradient_has_none() -> None:
    rows = torch.ones(2, requires_grad=True)
    assert not Processes().gather(rows).requires_grad
    assert Processes().gather_with_grad(rows).requires_grad


def test_processes_share_a_piece_in_rank_order() -> None:
    shares = [Processes(rank=rank, world_size=3).own_rows(6) for rank in range(3)]
    assert [list(range(6))[share] for share in shares] == [[0, 1], [2, 3], [4, 5]]


def test_a_piece_that_cannot_be_shared_equally_is_refused() -> None:
    with pytest.raises(ValueError, match=r"7 pairs .* 3 processes; train\.batch_size must be"):
        Processes(world_size=3).own_rows(7)


def test_a_process_that_nobody_launched_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    with join_processes("cpu") as processes:
        assert processes == Processes()
        assert processes.is_main
    assert not torch.distributed.is_initialized()


def test_an_unknown_device_is_refused() -> None:
    refused = pytest.raises(ValueError, match="device must be one of cpu, cuda, got 'tpu'")
    with refused, join_processes("tpu"):
        pass


def test_a_process_without_a_gpu_of_its_own_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", str(torch.cuda.device_count()))
    refused = pytest.raises(ValueError, match=r"process \d of this machine has no GPU")
    with refused, join_processes("cuda"):
        pass
