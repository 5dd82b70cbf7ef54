"""Which rows of an optimizer step a process computes, and in which micro-batch."""

from dataclasses import dataclass

import numpy as np

from flip_training.loading.faces import Rows


@dataclass(frozen=True)
class Share:
    """The part of every step that one process computes.

    A step's rows are cut into ``micro_batches`` equal pieces and each piece into ``world_size``
    equal parts, of which process ``rank`` takes the one of its number.
    """

    rank: int = 0
    world_size: int = 1
    micro_batches: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world_size:
            raise ValueError(f"rank must be in [0, {self.world_size}), got {self.rank}")
        if self.micro_batches < 1:
            raise ValueError(f"micro_batches must be positive, got {self.micro_batches}")

    def positions(self, num_rows: int) -> Rows:
        """Places of this process's rows among those of a step, (micro_batches, b).

        Raises:
            ValueError: If the rows cannot be cut into equal parts.
        """
        if num_rows % (self.micro_batches * self.world_size):
            raise ValueError(
                f"a batch of {num_rows} pairs (train.batch_size) cannot be cut into "
                f"{self.micro_batches} micro-batches (train.micro_batches) for each of "
                f"{self.world_size} processes"
            )
        parts = np.arange(num_rows).reshape(self.micro_batches, self.world_size, -1)
        own: Rows = parts[:, self.rank]
        return own
