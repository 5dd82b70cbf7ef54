"""Which picture is in which shard, decided once and for ever.

``<home>/sources/NAME/00000.json`` lists the names of the pictures of shard ``NAME-00000``. Such a
file is written once and never changed: pictures that arrive later get new shards, so that no
shard is renumbered, grows, or becomes stale. What is known of each picture is planned afterwards,
in ``planning``.
"""

import json
from collections.abc import Iterator
from itertools import count, islice
from typing import cast

from upath import UPath

from facecaption_assets.shards.pictures import PictureSource
from facecaption_assets.shards.sources import Source, SourceError, shard_key, split_shard_key
from facecaption_assets.storage import Storage


def registered_shards(storage: Storage, source: str) -> list[str]:
    """Keys of a source's shards, in order."""
    folder = storage.sources / source
    if not folder.exists():
        return []
    return sorted(shard_key(source, int(path.stem)) for path in folder.glob("[0-9]*.json"))


def registered_names(storage: Storage, shard: str) -> list[str]:
    """Names of a shard's pictures, in row order.

    Raises:
        SourceError: If the shard is not registered.
    """
    path = _listing(storage, shard)
    if not path.exists():
        raise SourceError(f"shard {shard} is not registered: {path} does not exist")
    return cast(list[str], json.loads(path.read_text(encoding="utf-8")))


def unregistered_names(storage: Storage, source: str, pictures: PictureSource) -> list[str]:
    """Names of the source's pictures that are in no shard yet, in the source's order."""
    return list(_unregistered(storage, source, pictures))


def _unregistered(storage: Storage, source: str, pictures: PictureSource) -> Iterator[str]:
    known = {
        name
        for shard in registered_shards(storage, source)
        for name in registered_names(storage, shard)
    }
    return (name for name in pictures.list_names() if name not in known)


def register_shards(
    storage: Storage, source: Source, pictures: PictureSource, rows_per_shard: int
) -> list[str]:
    """Deal pictures that are in no shard yet into new shards; return the new shards' keys."""
    size = source.rows_per_shard or rows_per_shard
    # The daemon's sensor and the command line may register at once.
    with storage.lock(f"source-{source.name}"):
        known = registered_shards(storage, source.name)
        # After the last one rather than by count: a listing that was lost must not be replaced.
        first = split_shard_key(known[-1])[1] + 1 if known else 0
        new = _unregistered(storage, source.name, pictures)
        keys = []
        for index in count(first):
            if not (names := list(islice(new, size))):
                break
            key = shard_key(source.name, index)
            storage.write_text(_listing(storage, key), json.dumps(names, indent=0))
            keys.append(key)
    return keys


def listed_version(storage: Storage, source: str) -> str | None:
    """Version of the source's contents that its shards were last dealt from, where known."""
    path = storage.sources / source / "listed.txt"
    return path.read_text(encoding="utf-8") if path.exists() else None


def mark_listed(storage: Storage, source: str, version: str) -> None:
    """Remember that all pictures of this version of the source are in shards."""
    storage.write_text(storage.sources / source / "listed.txt", version)


def _listing(storage: Storage, shard: str) -> UPath:
    source, index = split_shard_key(shard)
    return storage.sources / source / f"{index:05d}.json"
