"""The order in which an epoch shows its faces: a function of seed and epoch, position by position.

Nothing is read and nothing is walked through: the faces of any stretch of an epoch are known at
once, so that a training resumes at any step and every process knows what the others read.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from flip_training.loading.faces import Rows
from flip_training.seeds import stable_seed


@dataclass(frozen=True)
class EpochOrder:
    """Each row once: shards in random order, and mixed within blocks of neighbouring faces.

    A shard begins at any of its faces and goes on with its first one after its last, so that a
    face is as often early in an epoch as late, and blocks part at other faces in every epoch. A
    block is what a shuffle buffer would hold; tars are read in long stretches.

    Attributes:
        shard_starts: Row of each shard's first face, and the number of faces, (S + 1,).
        block: Faces that are mixed with each other.
        seed: Of the training.
        epoch: Of it.
    """

    shard_starts: Rows
    block: int
    seed: int
    epoch: int

    @cached_property
    def _shards(self) -> tuple[Rows, Rows, Rows, Rows]:
        """In order of the epoch: position and row of each shard's beginning, size, rotation."""
        rng = np.random.default_rng(stable_seed(self.seed, "shards", self.epoch))
        order = rng.permutation(len(self.shard_starts) - 1)
        sizes = np.diff(self.shard_starts)[order]
        positions = np.cumsum(sizes) - sizes
        return positions, self.shard_starts[order], sizes, rng.integers(sizes)

    def __len__(self) -> int:
        return int(self.shard_starts[-1])

    def rows(self, first: int, end: int) -> Rows:
        """Rows at the positions from ``first`` to before ``end``, (end - first,)."""
        blocks = range(first // self.block, -(-end // self.block))
        mixed = np.concatenate([self._block(index) for index in blocks])
        skipped = first - blocks[0] * self.block
        mixed = mixed[skipped : skipped + end - first]
        positions, first_rows, sizes, rotations = self._shards
        shard = np.searchsorted(positions, mixed, side="right") - 1
        within = (mixed - positions[shard] + rotations[shard]) % sizes[shard]
        rows: Rows = first_rows[shard] + within
        return rows

    def _block(self, index: int) -> Rows:
        """The positions of a block, mixed."""
        first = index * self.block
        rng = np.random.default_rng(stable_seed(self.seed, "block", self.epoch, index))
        mixed: Rows = first + rng.permutation(min(self.block, len(self) - first))
        return mixed
