"""The training loop: steps in order, rows logged, states saved, and where it stops.

How a step is taken belongs to ``stepping``; data, files and the command line to ``train``. What is
random depends on the seed and the step, so that a training that resumes is the uninterrupted one.
"""

import resource
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import torch

from flip_training.config import Preset
from flip_training.loading.data import Batch, TrainingBatches
from flip_training.model.flip import FLIPModel
from flip_training.model.model_config import TEMP_RANGE
from flip_training.objective.distributed import Processes
from flip_training.objective.objective import Objective, alpha_at
from flip_training.training.divergence import TrainingDiverged, record_divergence
from flip_training.training.optim import lr_at
from flip_training.training.reporting import Reporter
from flip_training.training.stepping import Outcome, Stepper
from flip_training.training.stopping import StopSignal, TrainingStopped
from flip_training.training.training_history import History
from flip_training.training.training_state import Progress, load_state, save_state

#: Relative distance to a bound of the temperature that counts as lying on it.
_AT_BOUND: Final = 1e-6


class Training:
    """A model in training, and all that trains it.

    Attributes:
        work: Folder of its state, and of the record that it diverged.
        version: Of its settings and pairs.
        steps_done: Optimizer steps taken so far.
        history: What was logged of them.
    """

    def __init__(
        self,
        preset: Preset,
        model: FLIPModel,
        batches: TrainingBatches,
        processes: Processes,
        work: Path,
        version: str,
    ) -> None:
        """At its beginning; all processes with equal arguments but their place."""
        self.preset = preset
        self.config = preset.train
        self.batches = batches
        self.processes = processes
        self.work = work
        self.version = version
        self.model = model.to(processes.device)
        objective = Objective(self.model, self.config, processes)
        self.stepper = Stepper(objective, self.config, processes)
        self.history = History()
        self.steps_done = 0
        self._steps_saved = 0

    @property
    def state_path(self) -> Path:
        """The last good state."""
        return self.work / "state.safetensors"

    @property
    def total_steps(self) -> int:
        """Optimizer steps from beginning to end."""
        return self.config.epochs * len(self.batches)

    def resume(self, report: Callable[[str], None]) -> None:
        """Go to where the last state of the same version was written, if there is one."""
        objective, optimizer = self.stepper.objective, self.stepper.optimizer
        found = load_state(self.state_path, self.version, objective, optimizer, report)
        if found is None:
            return
        self.history = History(found.history, found.pending)
        self.steps_done = self._steps_saved = found.steps_done
        if found.scaler:
            self.stepper.scaler.load_state_dict(found.scaler)
        report(f"resumes after step {self.steps_done} of {self.total_steps}")

    def run(self, reporters: Sequence[Reporter]) -> None:
        """Train to the end, saving a state now and then.

        Raises:
            TrainingDiverged: If a loss or a gradient is not finite.
            TrainingStopped: If a process got SIGTERM or SIGINT; the state is saved.
        """
        since = time.perf_counter()
        with StopSignal() as asked, closing(self._remaining()) as steps:
            for step, pieces in steps:
                lr = lr_at(step, len(self.batches), self.config)
                outcome = self.stepper.take(step, pieces, lr, self._alpha(step), asked.is_noted)
                if outcome.fault:
                    self._give_up(step, outcome, lr)
                now = time.perf_counter()
                self._log(
                    step, outcome, sum(len(p["images"]) for p in pieces), now - since, reporters
                )
                self.steps_done = step + 1
                if outcome.stop or self.steps_done % self.config.save_every == 0:
                    self._save()
                if outcome.stop:
                    self._stop(asked.number)
                since = time.perf_counter() if self._steps_saved == self.steps_done else now

    def _remaining(self) -> Generator[tuple[int, list[Batch]]]:
        """The steps to take, with this process's pieces."""
        first_epoch, first_step = divmod(self.steps_done, len(self.batches))
        for epoch in range(first_epoch, self.config.epochs):
            start = first_step if epoch == first_epoch else 0
            steps = self.batches.epoch(
                epoch,
                first_step=start,
                rank=self.processes.rank,
                world_size=self.processes.world_size,
                micro_batches=self.config.micro_batches,
            )
            yield from enumerate(steps, epoch * len(self.batches) + start)

    def _alpha(self, step: int) -> float:
        config = self.config
        return alpha_at(step, len(self.batches), config.alpha, config.alpha_ramp_epochs)

    def _log(
        self,
        step: int,
        outcome: Outcome,
        own_pairs: int,
        seconds: float,
        reporters: Sequence[Reporter],
    ) -> None:
        self.history.add(
            {
                "loss_itc": outcome.loss_itc,
                "loss_itm": outcome.loss_itm,
                "grad_norm": outcome.grad_norm,
                "pairs": float(own_pairs * self.processes.world_size),
                "seconds": seconds,
            }
        )
        done, per_epoch = step + 1, len(self.batches)
        if done % self.config.log_every and done % per_epoch:
            return
        row = self.history.close_row(
            {
                "step": done,
                "epoch": done / per_epoch,
                "lr": lr_at(step, per_epoch, self.config),
                "alpha": self._alpha(step),
                "peak_memory": _peak_memory(self.processes.device),
                **_temperature(self.model),
            }
        )
        for reporter in reporters:
            reporter.show(row)

    def _save(self) -> None:
        """Write the state, by the first process alone: it is equal in all of them."""
        if self.processes.is_main:
            progress = Progress(
                self.version,
                self.steps_done,
                self.history.rows,
                self.history.pending,
                self.stepper.scaler.state_dict(),
            )
            objective, optimizer = self.stepper.objective, self.stepper.optimizer
            save_state(self.state_path, progress, objective, optimizer)
        self._steps_saved = self.steps_done

    def _stop(self, number: int) -> None:
        self.processes.any(True)  # Nobody leaves before the state is written.
        signal_number = number or 15
        raise TrainingStopped(
            f"stopped as asked after step {self.steps_done} of {self.total_steps}; the state is "
            f"in {self.state_path}, and the same training goes on from there",
            128 + signal_number,
        )

    def _give_up(self, step: int, outcome: Outcome, lr: float) -> None:
        kept = (
            f"the last good state, after step {self._steps_saved}, is {self.state_path}"
            if self._steps_saved
            else "no state had been written yet"
        )
        reason = (
            f"{outcome.fault} at step {step + 1} (itc {outcome.loss_itc}, itm {outcome.loss_itm}) "
            f"of preset {self.preset.name!r}, with learning rate {lr:.3g}; {kept}. Change a "
            f"setting, such as train.lr, now {self.config.lr}"
        )
        if self.processes.is_main:
            record_divergence(self.work, self.version, reason)
        raise TrainingDiverged(reason)


def _temperature(model: FLIPModel) -> dict[str, float]:
    temp = float(model.temperature.detach())
    low, high = TEMP_RANGE
    is_held = temp <= low * (1 + _AT_BOUND) or temp >= high * (1 - _AT_BOUND)
    return {"temp": temp, "temp_at_bound": model.config.contrast == "softmax" and is_held}


def _peak_memory(device: torch.device) -> int:
    """Most memory held so far, bytes: of the GPU, or of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
