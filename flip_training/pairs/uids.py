"""Faces as 128-bit numbers, and lists of them in DataComp's format.

A subset of a dataset is published as a sorted numpy array of ``u8,u8``: the two halves of each uid.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: A uid as two unsigned halves, the high one first.
UID = np.dtype("u8,u8")


def uid_of(face_id: str) -> str:
    """The uid of a face: the first 128 bits of the sha256 of its face_id, 32 hex digits.

    It depends on nothing else, and a face_id never changes, so neither does it.
    """
    return hashlib.sha256(face_id.encode()).hexdigest()[:32]


def sorted_uids(uids: Iterable[str]) -> NDArray[np.void]:
    """Different uids of 32 hex digits in ascending order, (N,) of ``UID``."""
    halves = [(int(uid[:16], 16), int(uid[16:], 16)) for uid in sorted(set(uids))]
    return np.array(halves, UID)


def write_uids(path: Path, uids: Iterable[str]) -> None:
    """Write ``sorted_uids`` to a ``.npy`` file."""
    with path.open("wb") as file:
        np.save(file, sorted_uids(uids), allow_pickle=False)
