"""Which shards the search for duplicates reads, and their versions.

Apart from ``duplicates``, because whoever asks what is stale needs no database.
"""

from collections.abc import Mapping
from typing import Final

from facecaption_assets.storage import GateFailed, PartitionMissing, Storage

#: Name of the asset and of its table.
ASSET: Final = "duplicate_faces"

#: What is read of every shard.
INPUTS: Final = ("face_crops", "raw_shards")


def searched_versions(storage: Storage) -> dict[str, str]:
    """Data versions of what a search would read now, by ``asset/shard``.

    A shard counts when its crops and its pictures are built and have passed their gates.
    """
    versions: dict[str, str] = {}
    for shard in storage.partitions("face_crops"):
        try:
            found = [storage.require(asset, shard) for asset in INPUTS]
        except (PartitionMissing, GateFailed):
            continue
        versions |= {f"{p.asset}/{p.partition}": p.data_version for p in found}
    return versions


def shards_of(versions: Mapping[str, str]) -> list[str]:
    """The shards of ``searched_versions``, sorted."""
    places = (name.split("/", 1) for name in versions)
    return sorted(shard for asset, shard in places if asset == "face_crops")
