"""Pictures of a benchmark → a table of their hashes, by which training knows and avoids them.

No pixels are kept, and the hashes tell copies of a picture, not persons. What is done with the
table is up to its readers.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from facecaption_assets.shards.perceptual_hash import HASH_COLUMNS, hash_columns
from facecaption_assets.shards.tars import read_members
from facecaption_assets.storage import Storage

#: Folder of the tables in the data root.
FOLDER: Final = "benchmarks"

#: One row per picture. Null hashes: the picture is of one tone or cannot be decoded.
HASHES: Final = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
        *(pa.field(column, pa.string()) for column in HASH_COLUMNS),
    ]
)

_PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
_NAME: Final = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")


class BenchmarkError(ValueError):
    """A benchmark's name cannot be a file's, or there is no picture."""


@dataclass(frozen=True)
class Hashed:
    """How many pictures a benchmark has, and of how many there is no perceptual hash."""

    pictures: int
    without_phash: int


def hash_benchmark(storage: Storage, name: str, place: Path) -> Hashed:
    """Hash the pictures of a folder or tar and publish the table, replacing an older one.

    Raises:
        BenchmarkError: If the name is not like ``celeba-test``, or the place holds no picture.
        OSError: If the place cannot be read, or is no tar.
    """
    if not _NAME.fullmatch(name):
        raise BenchmarkError(
            f"the benchmark's name must be lower-case letters, digits, - and _, got {name!r}"
        )
    rows = [
        {"name": member, "sha256": hashlib.sha256(data).hexdigest(), **hash_columns(data)}
        for member, data in tqdm(_pictures(place), desc="hash", disable=None, leave=False)
    ]
    if not rows:
        raise BenchmarkError(f"{place} holds no picture ({', '.join(sorted(_PICTURES))})")
    with storage.staging("benchmark", name) as folder:
        local = folder / "table.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=HASHES), local, compression="zstd")
        storage.publish(local, storage.root / FOLDER / f"{name}.parquet")
    return Hashed(len(rows), sum(row["phash"] is None for row in rows))


def _pictures(place: Path) -> Iterator[tuple[str, bytes]]:
    if place.is_dir():
        for path in sorted(place.rglob("*")):
            if path.is_file() and path.suffix.lower() in _PICTURES:
                yield path.relative_to(place).as_posix(), path.read_bytes()
        return
    with place.open("rb") as file:
        for name, data in read_members(file):
            if Path(name).suffix.lower() in _PICTURES:
                yield name, data
