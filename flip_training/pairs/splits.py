"""Which split a group of pictures is in: it depends on the group's name, as far as it can."""

import hashlib
from collections.abc import Collection
from typing import Final

from flip_training.pairs.recipes import Recipe

#: Fewest groups from which splits are cut by threshold rather than by rank.
THRESHOLD_GROUPS: Final = 100


def split_groups(groups: Collection[str], recipe: Recipe) -> dict[str, str]:
    """Assign each group to ``train``, ``val`` or ``test`` by the sha256 of its name.

    Groups are ordered by hash: the lowest are test, the next val, the rest train. The order never
    changes. With at least ``THRESHOLD_GROUPS`` groups the cuts are fixed hash values, so a group's
    split does not depend on which other groups there are: it is stable under growth. With fewer,
    the cuts are ranks, so that three groups suffice for three splits; a new group may then push
    one at a cut from one split into the next. Two groups make train and test, one makes train.
    """
    ordered = sorted(set(groups), key=_hash_share)
    held_out = recipe.test_share + recipe.val_share
    if len(ordered) >= THRESHOLD_GROUPS:
        num_test = sum(_hash_share(g) < recipe.test_share for g in ordered)
        num_val = sum(_hash_share(g) < held_out for g in ordered) - num_test
    else:
        num_test = max(1, round(recipe.test_share * len(ordered))) if len(ordered) > 1 else 0
        num_val = max(1, round(recipe.val_share * len(ordered))) if len(ordered) > 2 else 0
    return {
        g: "test" if i < num_test else "val" if i < num_test + num_val else "train"
        for i, g in enumerate(ordered)
    }


def _hash_share(group: str) -> float:
    """The group's place in [0, 1), uniform over groups."""
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:8]) / 2**64
