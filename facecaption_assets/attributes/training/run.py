"""Where and how a training runs, and where its files lie."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True)
class TrainingRun:
    """Where and how a training runs; nothing here changes its result on one machine.

    Attributes:
        out: File of the network.
        device: PyTorch's device; on a GPU that computes bfloat16, mixed precision is used.
        workers: Processes that read pictures; 0: this one.
        save_every: Steps between two saved states.
        report: Told a line after every epoch.
    """

    out: Path
    device: torch.device
    workers: int = 0
    save_every: int = 500
    report: Callable[[str], None] = print

    @property
    def state_path(self) -> Path:
        """File of the state."""
        return self.out.with_name(f"{self.out.name}.state")

    @property
    def report_path(self) -> Path:
        """File of what is said of the network."""
        return self.out.with_name(f"{self.out.name}.json")

    @property
    def is_mixed(self) -> bool:
        """Whether activations are bfloat16."""
        return self.device.type == "cuda" and torch.cuda.is_bf16_supported()
