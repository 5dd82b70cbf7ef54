"""The processes that train one model together, and how rows travel between them.

What is computed belongs to other modules; so does wrapping a model for data-parallel training. A
training runs alone, or under ``torchrun``, which tells each process its place in the environment.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import torch
import torch.distributed as dist
from torch import Tensor

#: Collectives of each kind of device.
_BACKENDS: Final = {"cpu": "gloo", "cuda": "nccl"}

_CPU: Final = torch.device("cpu")


@dataclass(frozen=True, kw_only=True)
class Processes:
    """This process among those that train together; by default it is alone, on the CPU.

    Every method is collective: all processes must call it, in the same order and with tensors of
    the same shape. Alone, each returns what it was given.

    Attributes:
        rank: This process's number, from 0.
        world_size: How many there are.
        local_rank: Its number among those on its machine.
        device: What it computes on.
    """

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0
    device: torch.device = _CPU

    @property
    def is_main(self) -> bool:
        """Whether this is the one that writes files and reports."""
        return self.rank == 0

    def own_rows(self, num_rows: int) -> slice:
        """This process's rows of a piece of ``num_rows``: an equal share, in rank order.

        Raises:
            ValueError: If the piece cannot be cut into equal shares.
        """
        share, rest = divmod(num_rows, self.world_size)
        if rest:
            raise ValueError(
                f"{num_rows} pairs cannot be cut into equal shares for {self.world_size} processes;"
                " train.batch_size must be a multiple of train.micro_batches x processes"
            )
        return slice(self.rank * share, (self.rank + 1) * share)

    def gather(self, rows: Tensor) -> Tensor:
        """All processes' rows (N, ...) in rank order, (world_size x N, ...); without gradient."""
        rows = rows.detach()
        return rows if self.world_size == 1 else _all_rows(rows, self.world_size)

    def gather_with_grad(self, rows: Tensor) -> Tensor:
        """As ``gather``; each row's gradient is the sum of what all processes have for it."""
        if self.world_size == 1:
            return rows
        return _GatherWithGrad.apply(rows, self.rank, self.world_size)  # type: ignore[no-any-return]

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes, equal on each; without gradient."""
        total = values.detach().clone()
        if self.world_size > 1:
            dist.all_reduce(total)
        return total

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all processes, equal on each; without gradient."""
        return self.sum(values) / self.world_size

    def any(self, flag: bool) -> bool:
        """Whether any process says so."""
        return bool(self.sum(torch.tensor(float(flag), device=self.device)) > 0)


def _all_rows(rows: Tensor, world_size: int) -> Tensor:
    gathered = rows.new_empty((world_size * len(rows), *rows.shape[1:]))
    dist.all_gather_into_tensor(gathered, rows.contiguous())
    return gathered


class _GatherWithGrad(torch.autograd.Function):
    """All rows forwards; backwards each process gets its own rows' gradient, summed over all."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, rank: int, world_size: int) -> Tensor:
        ctx.world_size = world_size
        return _all_rows(rows, world_size)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        own = grad.new_empty((len(grad) // ctx.world_size, *grad.shape[1:]))
        dist.reduce_scatter_tensor(own, grad.contiguous())
        return own, None, None


@contextmanager
def join_processes(device: str) -> Iterator[Processes]:
    """Join the group that ``torchrun`` started this process in; leave it at the end.

    A process that was started by itself, or as the only one, is alone and makes no group.

    Args:
        device: ``cpu``, which talks through gloo, or ``cuda``, which talks through NCCL and gives
            each process of a machine the GPU of its local rank.

    Raises:
        ValueError: If the device is another, or this machine has fewer GPUs than processes.
    """
    if device not in _BACKENDS:
        raise ValueError(f"device must be one of {', '.join(_BACKENDS)}, got {device!r}")
    processes = Processes(
        rank=int(os.environ.get("RANK", "0")),
        world_size=int(os.environ.get("WORLD_SIZE", "1")),
        local_rank=int(os.environ.get("LOCAL_RANK", "0")),
        device=_own_device(device, int(os.environ.get("LOCAL_RANK", "0"))),
    )
    if processes.world_size == 1:
        yield processes
        return
    is_gpu = device == "cuda"
    dist.init_process_group(_BACKENDS[device], device_id=processes.device if is_gpu else None)
    try:
        yield processes
    finally:
        dist.destroy_process_group()


def _own_device(device: str, local_rank: int) -> torch.device:
    if device == "cpu":
        return _CPU
    num_gpus = torch.cuda.device_count()
    if local_rank >= num_gpus:
        raise ValueError(
            f"process {local_rank} of this machine has no GPU, for {num_gpus} are visible; start "
            "at most as many processes as GPUs, or train on the device cpu"
        )
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)
