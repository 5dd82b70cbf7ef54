"""Faces that the dataset has found to be shown again, better, in a copy of their picture.

The dataset finds and groups them; here they are only known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from flip_training.storage import Storage

#: Where the dataset keeps them: one table for all shards.
ASSET: Final = "duplicate_faces"
PARTITION: Final = "all"


def present_version(storage: Storage) -> dict[str, str]:
    """The findings' place and data version; empty where the dataset has not searched.

    Raises:
        GateFailed: If they have failed a blocking check.
    """
    if storage.read_provenance(ASSET, PARTITION) is None:
        return {}
    return {f"{ASSET}/{PARTITION}": storage.require(ASSET, PARTITION).data_version}


@dataclass(frozen=True)
class Duplicates:
    """The dataset's findings; none where it has not searched.

    Attributes:
        searched: Data versions of the crops that were searched, by ``face_crops/shard``.
        dropped: Sha256 of the crop of each face that is a copy of a better one, by face_id.
        groups: By face_id, the group of each face that has copies and the sha256 of its crop.
    """

    searched: Mapping[str, str] = field(default_factory=dict)
    dropped: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, storage: Storage) -> "Duplicates":
        """The findings in a data root.

        Raises:
            GateFailed: If they have failed a blocking check.
        """
        if not present_version(storage):
            return cls()
        record = storage.require(ASSET, PARTITION)
        columns = ["face_id", "group_id", "is_kept", "sha256"]
        rows = storage.read_table(ASSET, PARTITION, columns).to_pylist()
        return cls(
            record.input_versions,
            {row["face_id"]: row["sha256"] for row in rows if not row["is_kept"]},
            {row["face_id"]: (row["group_id"], row["sha256"]) for row in rows},
        )

    def covers(self, face_id: str, sha256: object) -> bool:
        """Whether a face is a copy, with the crop that was compared and not a later one."""
        return face_id in self.dropped and self.dropped[face_id] == sha256

    def group_of(self, face_id: str, sha256: object) -> str | None:
        """The group of a face that has copies, if it is of the crop that was compared."""
        group, compared = self.groups.get(face_id, (None, None))
        return group if compared == sha256 else None

    def not_searched(self, shards: Iterable[str], versions: Mapping[str, str]) -> list[str]:
        """Shards whose crops, in the given versions, were not searched."""
        places = ((shard, f"face_crops/{shard}") for shard in shards)
        return [s for s, place in places if self.searched.get(place) != versions[place]]
