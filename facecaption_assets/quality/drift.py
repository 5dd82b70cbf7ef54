"""Does a shard's share of each label fit the other shards of its source?

A share far off is a broken annotator, a changed camera, or another kind of picture. Pictures of
one group, such as one person's, are not independent, so groups are counted, not faces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, sqrt
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.quality.attribute_gates import JUDGED
from facecaption_assets.quality.gates import Outcome
from facecaption_assets.shards.sources import split_shard_key
from facecaption_assets.storage import Storage

#: Standard errors beyond which a difference is no chance: with forty attributes, one shard in four
#: hundred is taken for different by chance.
MIN_Z: Final = 4.0
#: Fewest groups on either side; with fewer, single people decide.
MIN_GROUPS: Final = 200
#: Most shards that one is compared with.
MAX_SHARDS: Final = 50

_COLUMNS: Final = ["split_group", "status", *ATTRIBUTES]


@dataclass(frozen=True)
class Prevalence:
    """How many faces carry each label.

    Attributes:
        faces: Judged faces.
        groups: Different split groups among them.
        positives: By attribute.
    """

    faces: int
    groups: int
    positives: dict[str, int]

    def share(self, attribute: str) -> float:
        """Share of the faces that are positive."""
        return self.positives[attribute] / self.faces if self.faces else 0.0


def prevalence(tables: Sequence[pa.Table]) -> Prevalence:
    """Counts over tables of FACE_ATTRIBUTES, or their columns that are read here."""
    judged = [t.filter(pc.is_in(t["status"], pa.array(JUDGED))) for t in tables]
    return Prevalence(
        faces=sum(table.num_rows for table in judged),
        groups=sum(len(pc.unique(table["split_group"])) for table in judged),
        positives={
            name: sum(pc.sum(table[name]).as_py() or 0 for table in judged) for name in ATTRIBUTES
        },
    )


def too_few_groups(groups: int, elsewhere: int, needed: int) -> Outcome | None:
    """The passing outcome of a shard that cannot be compared with others; None where it can.

    Args:
        groups: Different split groups in the shard.
        elsewhere: Those in the shards that it is compared with.
        needed: Fewest of either.
    """
    if min(groups, elsewhere) >= needed:
        return None
    reason = (
        f"{groups} groups of pictures here and {elsewhere} in other shards are too "
        f"few to compare; {needed} are needed."
    )
    return Outcome(True, reason)


def prevalence_fits(shard: Prevalence, others: Prevalence, max_difference: float) -> Outcome:
    """No label is far rarer or more frequent than in other shards.

    The measure is Cohen's h, the difference of the arcsines of the shares' roots: 0.2 is small,
    0.5 middling, 0.8 large, for rare labels as for frequent ones. A difference counts only beyond
    ``MIN_Z`` standard errors.

    Args:
        shard: The shard's labels.
        others: Those of the shards that it is compared with.
        max_difference: Largest h.
    """
    if few := too_few_groups(shard.groups, others.groups, MIN_GROUPS):
        return few
    error = sqrt(1 / shard.groups + 1 / others.groups)
    limit = max(max_difference, MIN_Z * error)
    found = {a: abs(_cohens_h(shard.share(a), others.share(a))) for a in ATTRIBUTES}
    far = sorted((a for a in ATTRIBUTES if found[a] > limit), key=lambda a: -found[a])
    names = [f"{a} {shard.share(a):.1%} against {others.share(a):.1%}" for a in far]
    reason = f"{len(far)} labels differ from other shards by more than h = {limit:.2f}"
    numbers = {
        "groups": shard.groups,
        "groups_elsewhere": others.groups,
        "largest_h": max(found.values()),
    }
    return Outcome(not far, f"{reason}{': ' if far else ''}{', '.join(names)}.", numbers)


def shard_prevalence(storage: Storage, shard: str) -> Prevalence:
    """Labels of one shard."""
    return prevalence([storage.read_table("face_attributes", shard, _COLUMNS)])


def other_prevalence(storage: Storage, shard: str) -> Prevalence:
    """Labels of the shards that ``other_shards`` names."""
    return prevalence(
        [
            storage.read_table("face_attributes", other, _COLUMNS)
            for other in other_shards(storage, "face_attributes", shard)
        ]
    )


def other_shards(storage: Storage, asset: str, shard: str) -> list[str]:
    """Other shards of the same source, made by the same code and not held back.

    Of more than ``MAX_SHARDS``, an even choice is looked at.
    """
    source = split_shard_key(shard)[0]
    present = storage.require_built(asset, shard).code_version
    others = [
        other
        for other in storage.partitions(asset)
        if other != shard and split_shard_key(other)[0] == source
    ]
    return [
        other
        for other in others[:: -(-len(others) // MAX_SHARDS) or 1]
        if storage.require_built(asset, other).code_version == present
        and not storage.failed_gates(asset, other)
    ]


def _cohens_h(share: float, other: float) -> float:
    return 2 * asin(sqrt(share)) - 2 * asin(sqrt(other))
