"""Which of the user's files a part was read from, and whether they have changed since.

What is in them belongs to ``laion_files``, ``laion_ids``, ``laion_safe_list`` and
``laion_detections``.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from upath import UPath

from facecaption_assets.provenance import Provenance
from facecaption_assets.schema import PART_TABLES
from facecaption_assets.shards.laion_files import parquet_files

#: Begins the place of ids in a provenance; they are content, not a file.
IDS: Final = "laion_face_ids/"


def file_versions(files: Iterable[UPath | Path]) -> dict[str, str]:
    """Size and time of change in s of each file, as far as its place knows them."""
    found = {str(file): file.stat() for file in files}
    return {name: f"{stat.st_size}:{stat.st_mtime}" for name, stat in found.items()}


def safe_list_files(place: str) -> list[UPath]:
    """Files of the setting ``laion.safe_list``; none where it is empty.

    Raises:
        SourceError: If there are none where it is not.
    """
    if not place:
        return []
    return [UPath(place)] if place.endswith(".npy") else parquet_files(place, "safe_list")


def changed_file(provenance: Provenance) -> str:
    """The first file that is not what a part was built from; empty if there is none.

    A file that is gone says nothing: it need not be kept once its part is built.
    """
    for place, version in provenance.input_versions.items():
        if place.startswith(IDS) or place.rpartition("/")[0] in PART_TABLES:
            continue
        file = UPath(place)
        if file.exists() and file_versions([file])[place] != version:
            return place
    return ""
