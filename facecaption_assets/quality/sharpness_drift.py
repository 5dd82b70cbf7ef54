"""Are a shard's faces as sharp as those of the other shards of its source?

A shard of blurred crops has come through a bad copy, a thumbnail or a wrong size. What is looked at
is the variance of the Laplacian, which measures fine detail: it differs by orders of magnitude
between good pictures, so its logarithm is compared. How good a picture looks belongs to scores of
images; the comparison of labels to ``drift``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.quality.drift import MIN_Z, other_shards, too_few_groups
from facecaption_assets.quality.gates import Outcome
from facecaption_assets.storage import Storage

#: Fewest groups on either side; a mean needs fewer than a share does.
MIN_GROUPS: Final = 30

_COLUMNS: Final = ["status", "split_group", "sharpness"]


@dataclass(frozen=True)
class Sharpness:
    """Logarithms of the sharpness of kept faces.

    Attributes:
        groups: Different split groups among the faces.
        mean: Of the natural logarithms; 0 where there is no face.
        deviation: Their standard deviation; 0 where there are fewer than two faces.
    """

    groups: int
    mean: float
    deviation: float


def sharpness_of(tables: Sequence[pa.Table]) -> Sharpness:
    """Sharpness over tables of FACE_CROPS, or their columns that are read here."""
    values, groups = [], 0
    for table in tables:
        is_seen = pc.and_(pc.equal(table["status"], "kept"), pc.is_valid(table["sharpness"]))
        seen = table.filter(is_seen)
        groups += len(pc.unique(seen["split_group"]))
        # A face of one tone measures 0, which has no logarithm.
        values.append(np.log(seen["sharpness"].to_numpy() + 1))
    logs = np.concatenate(values) if values else np.zeros(0)
    deviation = float(logs.std(ddof=1)) if len(logs) > 1 else 0.0
    return Sharpness(groups, float(logs.mean()) if len(logs) else 0.0, deviation)


def sharpness_fits(
    shard: Sharpness, others: Sharpness, max_difference: float, may_be_sharper: bool = False
) -> Outcome:
    """Faces are about as sharp as in other shards of the source.

    The measure is Cohen's d, the difference of the means in standard deviations: 0.5 is middling,
    0.8 large; at 2, a third of the one's values are what the other's are too. A difference counts
    only beyond ``MIN_Z`` standard errors, reckoned by groups.

    Args:
        shard: The shard's faces.
        others: Those of the shards that it is compared with.
        max_difference: Largest d.
        may_be_sharper: Whether only blur counts. Where most shards are blurred, it is the good one
            that differs.
    """
    if few := too_few_groups(shard.groups, others.groups, MIN_GROUPS):
        return few
    # Of the others alone: the spread of a shard that is at fault says nothing.
    spread = max(others.deviation, 1e-6)
    difference = (shard.mean - others.mean) / spread
    limit = max(max_difference, MIN_Z * sqrt(1 / shard.groups + 1 / others.groups))
    side = "less" if difference < 0 else "more"
    reason = (
        f"Faces are {side} sharp than in other shards by d = {abs(difference):.2f}, where up to "
        f"{limit:.2f} is no cause for concern: typically {np.expm1(shard.mean):.0f} against "
        f"{np.expm1(others.mean):.0f}."
    )
    numbers: dict[str, int | float] = {
        "groups": shard.groups,
        "groups_elsewhere": others.groups,
        "difference_d": difference,
    }
    passed = difference >= -limit and (may_be_sharper or difference <= limit)
    return Outcome(passed, reason, numbers)


def sharpness_drift(
    storage: Storage, shard: str, max_difference: float, may_be_sharper: bool = False
) -> Outcome:
    """Hold a shard's sharpness against that of other shards of its source.

    Args:
        storage: Data root.
        shard: Which.
        max_difference: As for ``sharpness_fits``.
        may_be_sharper: As for ``sharpness_fits``.
    """
    here, *others = [
        storage.read_table("face_crops", name, _COLUMNS)
        for name in (shard, *other_shards(storage, "face_crops", shard))
    ]
    shards = sharpness_of([here]), sharpness_of(others)
    return sharpness_fits(*shards, max_difference, may_be_sharper)
