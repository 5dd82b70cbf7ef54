"""Where each sample of a WebDataset tar is, so that one of them is read without the others.

A sample is the members of one key: the name up to the first dot behind the last slash, as in
WebDataset. Only headers are read; what the bytes are belongs to others.
"""

import re
import tarfile
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from facecaption_assets.shards.folder import PICTURE_SUFFIXES

#: Key and extension of a member; names that begin with a dot have none.
_MEMBER: Final = re.compile(r"(?:\./)*((?:.*/)?[^./][^./]*)\.([^/]+)", re.DOTALL)
_SPAN: Final = pa.struct([("offset", pa.int64()), ("size", pa.int64())])
_SCHEMA: Final = pa.schema(
    [
        ("key", pa.string()),
        ("picture", _SPAN),
        ("text", _SPAN),
        ("fields", _SPAN),
        ("other_pictures", pa.list_(pa.string())),
    ]
)
_TORN_AT: Final = b"torn_at"
_BLOCK: Final = 512


@dataclass(frozen=True)
class TarIndex:
    """The samples of a tar that have a picture, sorted by key.

    Attributes:
        samples: One row per sample: ``key``, and where its ``picture``, ``text`` and JSON
            ``fields`` are; ``other_pictures`` are extensions of further ones, which are not used.
        torn_at: Byte at which the tar breaks off; None for a whole one.
    """

    samples: pa.Table
    torn_at: int | None

    @cached_property
    def keys(self) -> list[str]:
        """Keys, sorted. Where a key occurs again, the later ones end in ``#2``, ``#3``, …."""
        keys: list[str] = self.samples["key"].to_pylist()
        return keys

    def find(self, key: str) -> dict[str, Any] | None:
        """The sample of a key; None where there is none."""
        row = bisect_left(self.keys, key)
        if row == len(self.keys) or self.keys[row] != key:
            return None
        found: dict[str, Any] = self.samples.slice(row, 1).to_pylist()[0]
        return found


def write_index(tar: Path, index: Path) -> None:
    """Read the tar's headers and write its index.

    Raises:
        tarfile.TarError: If the file is no tar at all.
        OSError: If it cannot be read.
    """
    samples: dict[str, dict[str, Any]] = {}
    latest: dict[str, str] = {}
    members = _Members(tar)
    for name, span in members:
        if match := _MEMBER.fullmatch(name):
            _add(samples, latest, match[1], match[2].lower(), span)
    rows = [row for _, row in sorted(samples.items()) if row.get("picture")]
    metadata = {_TORN_AT: str(members.torn_at).encode()} if members.torn_at is not None else {}
    schema = _SCHEMA.with_metadata(metadata)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), index, compression="zstd")


def read_index(index: Path) -> TarIndex:
    """An index that ``write_index`` wrote."""
    with index.open("rb") as file:
        table = pq.ParquetFile(file).read(use_threads=False)
    torn_at = (table.schema.metadata or {}).get(_TORN_AT)
    return TarIndex(table, int(torn_at) if torn_at is not None else None)


def _add(
    samples: dict[str, dict[str, Any]],
    latest: dict[str, str],
    key: str,
    extension: str,
    span: dict[str, int],
) -> None:
    """Enter a member into its key's latest sample, or into a new one if that has it already."""
    field = _field(extension)
    if field is None:
        return
    sample = samples.get(latest.get(key, key), {})
    if extension in sample.get("extensions", ()):
        number = 2
        while f"{key}#{number}" in samples:
            number += 1
        latest[key] = f"{key}#{number}"
    name = latest.setdefault(key, key)
    sample = samples.setdefault(name, {"key": name, "extensions": [], "other_pictures": []})
    sample["extensions"].append(extension)
    if field not in sample:
        sample[field] = span
    elif field == "picture":
        sample["other_pictures"].append(extension)


def _field(extension: str) -> str | None:
    if extension in ("txt", "json"):
        return "text" if extension == "txt" else "fields"
    return "picture" if f".{extension.rpartition('.')[2]}" in PICTURE_SUFFIXES else None


class _Members:
    """Names and places of a tar's regular members, in file order, up to where it breaks off.

    Attributes:
        torn_at: Set once all members have been given.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn_at: int | None = None

    def __iter__(self) -> Iterator[tuple[str, dict[str, int]]]:
        size = self.path.stat().st_size
        with tarfile.open(self.path, "r:", encoding="utf-8") as tar:
            while (member := self._next(tar)) is not None:
                if member.isreg():
                    yield _as_text(member.name), {"offset": member.offset_data, "size": member.size}
                # The library remembers every member, which nobody asks for here.
                tar.members.clear()  # type: ignore[attr-defined]
            end = min(tar.offset, size)
        with self.path.open("rb") as file:
            file.seek(end)
            if file.read(_BLOCK) != bytes(_BLOCK):
                self.torn_at = end

    def _next(self, tar: tarfile.TarFile) -> tarfile.TarInfo | None:
        try:
            return tar.next()
        except tarfile.ReadError:
            # The first header was good, or the tar would not be open.
            return None


def _as_text(name: str) -> str:
    """The name with bytes that are no UTF-8, which tables cannot hold, written out."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
