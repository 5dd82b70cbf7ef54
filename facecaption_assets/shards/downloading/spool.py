"""Pictures of a shard in progress, on the local disk: what is in here is never fetched again.

One file that only grows; each entry is a head, a record and, after a success, the bytes as
fetched. A process that is killed leaves at most one torn entry, the last one, which is cut off
when the file is opened again.
"""

import json
import os
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from filelock import FileLock

from facecaption_assets.shards.downloading.ledger import Record

_HEAD: Final = struct.Struct(">4sIII")
_MAGIC: Final = b"FCS1"


class Spool:
    """The entries by key, the last one of a key counting; use as a context manager.

    Iterating gives the keys.

    Only their places are in memory. The folder is locked meanwhile, so that two processes never
    fetch for one shard.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Key → where its entry begins.
        self._places: dict[str, int] = {}

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self.folder / "lock")
        self._lock.acquire()
        self._file = (self.folder / "entries").open("a+b")
        self._load()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
        self._lock.release()

    def add(self, record: Record, data: bytes = b"") -> None:
        """Keep a record, and the bytes of a success; a kill from now on does not lose them."""
        text = json.dumps(record.as_json(), ensure_ascii=True).encode()
        checksum = zlib.crc32(data, zlib.crc32(text))
        end = self._file.seek(0, os.SEEK_END)
        self._file.write(_HEAD.pack(_MAGIC, len(text), len(data), checksum) + text)
        self._file.write(data)
        self._file.flush()
        self._places[record.key] = end

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def get(self, key: str) -> Record | None:
        """The record of a key; None where nothing is known of it."""
        if key not in self._places:
            return None
        text_length, _ = self._find(key)
        return Record(**json.loads(self._file.read(text_length)))

    def read(self, key: str) -> bytes:
        """The bytes kept with a key's record."""
        text_length, data_length = self._find(key)
        self._file.seek(text_length, os.SEEK_CUR)
        return self._file.read(data_length)

    def _find(self, key: str) -> tuple[int, int]:
        """Go to where a key's record begins; the lengths of record and bytes."""
        self._file.seek(self._places[key])
        _, text_length, data_length, _ = _HEAD.unpack(self._file.read(_HEAD.size))
        return text_length, data_length

    def _load(self) -> None:
        self._file.seek(0)
        end = 0
        while (key := self._next()) is not None:
            self._places[key] = end
            end = self._file.tell()
        self._file.truncate(end)

    def _next(self) -> str | None:
        head = self._file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return None
        magic, text_length, data_length, checksum = _HEAD.unpack(head)
        if magic != _MAGIC:
            return None
        text, data = self._file.read(text_length), self._file.read(data_length)
        if zlib.crc32(data, zlib.crc32(text)) != checksum or len(data) < data_length:
            return None
        return str(json.loads(text)["key"])


def discard_spool(folder: Path) -> None:
    """Remove what was kept; for when the shard has been committed."""
    shutil.rmtree(folder, ignore_errors=True)
