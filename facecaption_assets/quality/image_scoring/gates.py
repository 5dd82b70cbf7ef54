"""Predicates of the checks on image scores: are there any, and are they those of usable pictures?

Rows lost or added belong to ``quality.gates``, ranges of columns to ``quality.expectations``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.quality.drift import MIN_Z, other_shards, too_few_groups
from facecaption_assets.quality.failures import mostly_done
from facecaption_assets.quality.gates import Outcome
from facecaption_assets.quality.image_scoring.settings import CLIP_SETTING
from facecaption_assets.storage import Storage

#: Fewest groups on either side of a comparison of means.
MIN_GROUPS: Final = 30

_COLUMNS: Final = ["split_group", "brisque"]


@dataclass(frozen=True)
class Spread:
    """Scores of many faces.

    Attributes:
        faces: How many.
        groups: Different split groups among them: faces of one are not independent.
        mean: Their mean, 0 without faces.
        deviation: Their standard deviation.
    """

    faces: int
    groups: int
    mean: float
    deviation: float


def crops_scored(scores: pa.Table) -> Outcome:
    """At most half of the crops that were looked at could not be scored."""
    seen = scores.filter(pc.not_equal(scores["status"], "not_sampled"))
    failed = pc.equal(seen["status"], "failed_to_score")
    return mostly_done(seen, failed, "crops could not be scored")


def clip_available(scores: pa.Table) -> Outcome:
    """A CLIP looked at the faces: without one, none has a CLIP-IQA."""
    scored = scores.filter(pc.equal(scores["status"], "scored"))
    without = scored["clip_iqa"].null_count
    numbers: dict[str, int | float] = {"unavailable": without}
    if not without:
        return Outcome(True, "A CLIP looked at every face that was scored.", numbers)
    return Outcome(
        False, f"Off: {CLIP_SETTING} is empty; {without} faces have no CLIP-IQA.", numbers
    )


def median_brisque_low(scores: pa.Table, limit: float) -> Outcome:
    """The median BRISQUE of the shard is at most ``limit``; a shard without scores passes."""
    values = scores["brisque"].drop_null().to_numpy()
    if not len(values):
        return Outcome(True, "No face has a BRISQUE.", {"faces": 0})
    median = float(np.median(values))
    reason = f"The median BRISQUE of {len(values)} faces is {median:.1f}"
    numbers = {"faces": len(values), "median": median}
    if median <= limit:
        return Outcome(True, f"{reason}.", numbers)
    return Outcome(
        False, f"{reason}; max_median_brisque is {limit:g}: blurred, noisy or damaged.", numbers
    )


def brisque_spread(tables: Sequence[pa.Table]) -> Spread:
    """Spread over tables of IMAGE_SCORES, or their columns that are read here."""
    measured = [table.filter(pc.is_valid(table["brisque"])) for table in tables]
    values = np.concatenate([np.zeros(0), *(table["brisque"].to_numpy() for table in measured)])
    return Spread(
        faces=len(values),
        groups=sum(len(pc.unique(table["split_group"])) for table in measured),
        mean=float(values.mean()) if len(values) else 0.0,
        deviation=float(values.std()) if len(values) else 0.0,
    )


def other_brisque_spread(storage: Storage, shard: str) -> Spread:
    """Spread over other shards of the same source, made by the same code and not held back."""
    others = other_shards(storage, "image_scores", shard)
    return brisque_spread([storage.read_table("image_scores", o, _COLUMNS) for o in others])


def brisque_fits(shard: Spread, others: Spread, max_difference: float) -> Outcome:
    """The mean BRISQUE differs little from that of other shards.

    The measure is Cohen's d, the difference in pooled standard deviations. It counts only beyond
    ``drift.MIN_Z`` standard errors.

    Args:
        shard: The shard's scores.
        others: Those of the shards that it is compared with.
        max_difference: Largest d.
    """
    if few := too_few_groups(shard.groups, others.groups, MIN_GROUPS):
        return few
    limit = max(max_difference, MIN_Z * sqrt(1 / shard.groups + 1 / others.groups))
    found = abs(shard.mean - others.mean) / (_pooled_deviation(shard, others) or 1.0)
    numbers = {"mean": shard.mean, "mean_elsewhere": others.mean, "d": found}
    reason = (
        f"The mean BRISQUE is {shard.mean:.1f} here and {others.mean:.1f} in other shards of the "
        f"source: d = {found:.2f}, at most {limit:.2f}."
    )
    return Outcome(found <= limit, reason, numbers)


def _pooled_deviation(one: Spread, other: Spread) -> float:
    squares = one.faces * one.deviation**2 + other.faces * other.deviation**2
    return sqrt(squares / (one.faces + other.faces))
