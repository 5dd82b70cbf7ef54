"""One optimizer step: its pieces forwards and backwards, clipping, precision, all processes.

When steps are taken, logged and saved belongs to ``training``; what a piece's losses are, to
``objective``.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from flip_training.config import TrainConfig
from flip_training.loading.data import Batch
from flip_training.loading.transforms import normalize
from flip_training.objective.distributed import Processes
from flip_training.objective.objective import FLIPLosses, Objective, negative_draws
from flip_training.seeds import stable_seed
from flip_training.training.optim import adamw

_AUTOCAST: Final = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Outcome(NamedTuple):
    """What a step gave, equal on all processes.

    Attributes:
        loss_itc: Mean over the step's pieces, nats.
        loss_itm: Likewise.
        grad_norm: Norm of the gradient before clipping; infinite where fp16 skipped the step.
        fault: Why no step was taken, if that ends the training; else empty.
        stop: Whether any process was asked to stop.
    """

    loss_itc: float
    loss_itm: float
    grad_norm: float
    fault: str
    stop: bool


class Stepper:
    """The objective, its optimizer, and what it takes to move one by the other.

    Attributes:
        objective: What is minimised; its state dict is that of one process alone.
        optimizer: AdamW over the model.
        scaler: Scaling of fp16 losses; does nothing in other precisions.
    """

    def __init__(self, objective: Objective, config: TrainConfig, processes: Processes) -> None:
        self.objective = objective
        self.config = config
        self.processes = processes
        self.optimizer = adamw(objective.model, config)
        self.scaler = torch.amp.GradScaler(
            processes.device.type, enabled=config.precision == "fp16"
        )
        if config.compile_model:
            objective.model.visual_encoder.compile()
            objective.model.text_encoder.compile(dynamic=True)
        self._parallel = _parallel(objective, processes)

    def take(
        self,
        step: int,
        pieces: Sequence[Batch],
        lr: float,
        alpha: float,
        is_asked_to_stop: Callable[[], bool],
    ) -> Outcome:
        """Take a step over this process's share of each piece.

        Its randomness depends on the seed, the step and, for dropout alone, the process.

        Args:
            step: Steps taken before.
            pieces: As ``data.TrainingBatches`` yields them, of equal size.
            lr: Learning rate.
            alpha: Weight of the soft targets.
            is_asked_to_stop: Whether this process was; asked when the step is nearly done.
        """
        seed, rank = self.config.seed, self.processes.rank
        torch.manual_seed(stable_seed(seed, "dropout", step, rank))
        draws = torch.Generator().manual_seed(stable_seed(seed, "draws", step))
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.objective.train()
        self.objective.follow()
        self.optimizer.zero_grad(set_to_none=True)
        sums = torch.zeros(3, device=self.processes.device)
        for i, piece in enumerate(pieces):
            is_last = i + 1 == len(pieces)
            with nullcontext() if is_last else self._without_exchange():
                losses = self._backward(piece, alpha, draws, len(pieces))
            sums[:2] += torch.stack([losses.itc.detach(), losses.itm.detach()]) / len(pieces)
        sums[2] = float(is_asked_to_stop())
        itc, itm, asked = self.processes.mean(sums).tolist()
        return self._move(itc, itm, asked > 0)

    def _backward(
        self, piece: Batch, alpha: float, draws: torch.Generator, num_pieces: int
    ) -> FLIPLosses:
        device = self.processes.device
        batch = {name: tensor.to(device, non_blocking=True) for name, tensor in piece.items()}
        batch["pixel_values"] = normalize(batch["images"])
        num_pairs = len(batch["images"]) * self.processes.world_size
        with self._autocast():
            losses: FLIPLosses = self._parallel(batch, alpha, negative_draws(num_pairs, draws))
        scaled: Tensor = self.scaler.scale((losses.itc + losses.itm) / num_pieces)
        scaled.backward()  # type: ignore[no-untyped-call]
        return losses

    def _move(self, itc: float, itm: float, stop: bool) -> Outcome:
        """Clip the gradient and take the step, unless it would spoil the weights."""
        if not math.isfinite(itc + itm):
            return Outcome(itc, itm, math.inf, "the loss is not finite", stop)
        self.scaler.unscale_(self.optimizer)
        norm = nn.utils.clip_grad_norm_(
            self.objective.model.parameters(), self.config.grad_clip
        ).item()
        if not math.isfinite(norm):
            if not self.scaler.is_enabled():
                return Outcome(itc, itm, norm, f"the gradient's norm is {norm}", stop)
            if self.scaler.get_scale() <= 1:
                fault = "the gradient overflows fp16 although the loss is not scaled up any more"
                return Outcome(itc, itm, math.inf, fault, stop)
            norm = math.inf
        self.scaler.step(self.optimizer)  # Skips a step whose gradient has overflowed.
        self.scaler.update()
        return Outcome(itc, itm, norm, "", stop)

    def _autocast(self) -> AbstractContextManager[object]:
        dtype = _AUTOCAST.get(self.config.precision)
        return torch.autocast(self.processes.device.type, dtype) if dtype else nullcontext()

    def _without_exchange(self) -> AbstractContextManager[object]:
        """Gradients stay with the process: the last piece of a step exchanges their sums."""
        parallel = self._parallel
        return (
            parallel.no_sync() if isinstance(parallel, DistributedDataParallel) else nullcontext()
        )


def _parallel(objective: Objective, processes: Processes) -> nn.Module:
    """The objective with gradients that are averaged over the processes."""
    if processes.world_size == 1:
        return objective
    # The queue is computed alike by all processes; sending it around at each step would be in vain.
    return DistributedDataParallel(
        objective, forward_sync_buffers=False, gradient_as_bucket_view=True
    )
