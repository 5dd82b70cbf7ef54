"""``laion_face_ids.pth`` → the SAMPLE_IDs of each part, sorted, one NumPy file a part.

The file holds 50 million ids and takes gigabytes when it is opened, so it is split once; the
parts' builds then read megabytes. Which rows the ids stand for belongs to ``laion_metadata``.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.shards.exact_ids import exact_ids
from facecaption_assets.shards.laion_parts import PARTS
from facecaption_assets.shards.pth_files import UnsafeFile, read_pth
from facecaption_assets.shards.sources import SourceError
from facecaption_assets.storage import Storage


@dataclass(frozen=True)
class PartIds:
    """The ids of one part, as they were listed.

    Attributes:
        ids: (n,), sorted, each once.
        num_listed: Entries of the list, whatever they are.
        num_repeated: Entries that repeat an id.
        num_nan: Entries without a number.
        num_inexact: Entries whose float64 is no whole number or may stand for several.
    """

    ids: NDArray[np.int64]
    num_listed: int
    num_repeated: int
    num_nan: int
    num_inexact: int

    @property
    def counts(self) -> dict[str, int]:
        """The numbers besides the ids."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "ids"}


def part_ids(storage: Storage, path: str, part: str) -> PartIds:
    """The ids of one part; splits the file first if that has not been done.

    Args:
        storage: Keeps the split ids.
        path: ``laion_face_ids.pth``, the setting ``laion.ids``.
        part: Key of the part.

    Raises:
        SourceError: If the file is not set, is not there, cannot be trusted, or lacks the part.
    """
    file = Path(path)
    if not path or not file.is_file():
        raise SourceError(f"the setting [laion] ids is {path!r}: there is no such file")
    found = file.stat()
    mark = f"{file.resolve()} {found.st_size} {found.st_mtime_ns}"
    folder = storage.laion_ids / hashlib.sha256(mark.encode()).hexdigest()[:16]
    with storage.lock("laion-ids"):
        if not folder.exists():
            _split(storage, file, folder)
    if not (folder / f"{part}.npy").exists():
        there = ", ".join(sorted(p.stem for p in folder.glob("*.npy")))
        raise SourceError(f"{file} has no ids for part {part}; it has those of {there or 'none'}")
    counts = json.loads((folder / f"{part}.json").read_text(encoding="utf-8"))
    return PartIds(np.load(folder / f"{part}.npy", allow_pickle=False), **counts)


def _split(storage: Storage, file: Path, folder: Path) -> None:
    try:
        listed = read_pth(file)
    except UnsafeFile as error:
        raise SourceError(f"the setting [laion] ids: {error}") from error
    folder.parent.mkdir(parents=True, exist_ok=True)
    with storage.staging("laion-ids", folder.name) as staging:
        place = staging / "split"
        place.mkdir()
        for index, part in enumerate(PARTS):
            if (entries := _entries(listed, index, file)) is None:
                continue
            ids = to_part_ids(entries, f"{file}, part {part}")
            np.save(place / f"{part}.npy", ids.ids, allow_pickle=False)
            (place / f"{part}.json").write_text(json.dumps(ids.counts), encoding="utf-8")
        # Ids of an earlier file take as much space and are not asked for again.
        for earlier in folder.parent.iterdir():
            shutil.rmtree(earlier)
        place.rename(folder)


def _entries(listed: Any, index: int, file: Path) -> Any:
    """What the file lists under a part's number; None where it lists nothing."""
    try:
        return listed[index]
    except (KeyError, IndexError):
        return None
    except TypeError as error:
        raise SourceError(f"{file} is not a list of parts: it is {type(listed)}") from error


def to_part_ids(entries: Any, place: str) -> PartIds:
    """Sorted ids from a list, a set, an array or a tensor of numbers.

    Raises:
        SourceError: If the entries are not numbers; names the place.
    """
    try:
        # Tensors and arrays become an array as they are; sets and other iterables do not.
        plain = entries if hasattr(entries, "__array__") else list(entries)
        found = exact_ids(np.asarray(plain).reshape(-1))
    except (TypeError, ValueError, RuntimeError) as error:
        raise SourceError(f"{place}: {error}") from error
    exact = found.ids[found.exact]
    ids = np.unique(exact)
    return PartIds(
        ids=ids,
        num_listed=len(found.ids),
        num_repeated=len(exact) - len(ids),
        num_nan=found.num_nan,
        num_inexact=len(found.inexact),
    )
