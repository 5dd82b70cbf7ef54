"""The rows that a training logs: means over stretches of steps.

Steps that no row tells of yet are kept as they are, so that a training that resumes in the middle
of a stretch logs the row of an uninterrupted one. Who is shown the rows belongs to ``reporting``.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from flip_training.schema import FLIP_CHECKPOINTS

Row = dict[str, float]

#: What each step gives, beside ``pairs`` and ``seconds``.
_MEANS: Final = ("loss_itc", "loss_itm")


@dataclass
class History:
    """Logged rows, and the steps since the last one.

    Attributes:
        rows: As in the table ``flip_checkpoints``.
        pending: A step's ``loss_itc``, ``loss_itm``, ``grad_norm`` (infinite where fp16 skipped the
            step), ``pairs`` and ``seconds``.
    """

    rows: list[Row] = field(default_factory=list)
    pending: list[Row] = field(default_factory=list)

    def add(self, step: Row) -> None:
        """Remember what a step gave."""
        self.pending.append(step)

    def close_row(self, state: Mapping[str, float]) -> Row:
        """End a stretch of steps: the row of their means and of the state at its end."""
        row = {name: _mean([step[name] for step in self.pending]) for name in _MEANS}
        seconds = math.fsum(step["seconds"] for step in self.pending)
        row["samples_per_s"] = math.fsum(step["pairs"] for step in self.pending) / seconds
        row["grad_norm"] = _mean_norm([step["grad_norm"] for step in self.pending])
        row |= state
        self.rows.append(row)
        self.pending = []
        return row

    def table(self) -> pa.Table:
        """The rows as the table of ``flip_checkpoints``."""
        return pa.Table.from_pylist(self.rows, schema=FLIP_CHECKPOINTS.arrow)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _mean_norm(norms: Sequence[float]) -> float:
    """Mean of the steps that were taken; infinite where all of them were skipped."""
    taken = [norm for norm in norms if math.isfinite(norm)]
    return _mean(taken) if taken else math.inf
