"""Indexes of files that are brought along: made once, kept until the file changes.

An index can be lost without harm: it is made again. What is in one belongs to who makes it.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from upath import UPath

from facecaption_assets.storage import Storage


@dataclass(frozen=True)
class IndexCache:
    """The indexes of one source."""

    storage: Storage
    source: str

    def get(self, name: str, version: str, make: Callable[[Path], None]) -> Path:
        """The index of a file, made if there is none of this version.

        Args:
            name: What the index is of.
            version: Changes when that does.
            make: Writes the index to the path that it is given.
        """
        folder = self.storage.import_indexes(self.source)
        prefix, present = _hash(name), _hash(version)
        path = folder / f"{prefix}-{present}.parquet"
        if path.exists():
            return path
        with self.storage.staging("index", self.source) as staged:
            make(staged / "index")
            self.storage.publish(staged / "index", UPath(path))
        for old in folder.glob(f"{prefix}-*"):
            if old != path:
                old.unlink(missing_ok=True)
        return path


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]
