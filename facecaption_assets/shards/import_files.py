"""The files that a source is imported from: which there are, and whether they still change.

What is in them belongs to the kinds: ``webdataset_import``, ``parquet_images`` and
``facecaption_import``.
"""

import hashlib
import os
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, runtime_checkable
from urllib.parse import unquote_to_bytes, urlsplit

from facecaption_assets.shards.pictures import PictureUnreadable
from facecaption_assets.shards.sources import SourceError


@dataclass(frozen=True)
class ImportFiles:
    """Files below a folder, at any depth, or the one file that ``root`` is.

    Attributes:
        source: Name of the source, for messages.
        root: The source's setting ``images``.
        suffixes: Endings of the files that matter; the first is that of the files with pictures.
    """

    source: str
    root: Path
    suffixes: tuple[str, ...]

    @cached_property
    def paths(self) -> dict[str, Path]:
        """Name below the root, with forward slashes, → path, sorted; hidden ones are passed over.

        Raises:
            SourceError: If there is no file with pictures.
        """
        if self.root.is_file():
            return {self.root.name: self.root}
        found = {}
        for folder, folders, files in os.walk(self.root):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for file in files:
                path = Path(folder) / file
                if path.suffix in self.suffixes and not file.startswith(".") and path.is_file():
                    found[path.relative_to(self.root).as_posix()] = path
        if not any(path.suffix == self.suffixes[0] for path in found.values()):
            raise SourceError(
                f"source {self.source}: images {self.root} has no {self.suffixes[0]} file"
            )
        return dict(sorted(found.items()))

    @property
    def version(self) -> str:
        """Changes when a file arrives, leaves or changes."""
        known = [(name, self.fingerprint(name)) for name in self.paths]
        return hashlib.sha256(repr(known).encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def fingerprint(self, name: str) -> str | None:
        """Size in bytes and time of change in ns of a file; None where it is gone."""
        try:
            found = self.paths[name].stat()
        except (KeyError, OSError):
            return None
        return f"{found.st_size}:{found.st_mtime_ns}"

    def url(self, name: str, fragment: str) -> str:
        """A place in a file, there or not, as a ``file://`` URL with a fragment."""
        path = self.root if self.root.is_file() else self.root / name
        return f"{path.absolute().as_uri()}#{fragment}"

    def locate(self, url: str) -> tuple[str, str]:
        """Name of the file and fragment of one of the URLs.

        Raises:
            PictureUnreadable: If the file is not there any more.
        """
        place, _, fragment = url.partition("#")
        name = self._names.get(Path(os.fsdecode(unquote_to_bytes(urlsplit(place).path))))
        if name is None:
            raise PictureUnreadable(f"{place} is not there any more")
        return name, fragment

    @cached_property
    def _names(self) -> dict[Path, str]:
        return {path.absolute(): name for name, path in self.paths.items()}

    def is_settled(self, quiet_s: float) -> bool:
        """Whether no file has arrived or changed within the last ``quiet_s`` seconds.

        Asked before pictures are dealt into shards unattended: files may be being copied.
        """
        try:
            newest = max(path.stat().st_ctime for path in self.paths.values())
        except OSError:  # One has just been renamed or removed.
            return False
        return time.time() - newest >= quiet_s

    def unusable(self, path: Path, reason: object) -> SourceError:
        """The error of a file that cannot be used: names the source, the setting and the file."""
        return SourceError(f"source {self.source}: images {shown(path)}: {reason}")


def shown(path: Path) -> str:
    """A path for messages, with bytes that are no UTF-8, which tables cannot hold, written out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@runtime_checkable
class Imported(Protocol):
    """A kind of source whose pictures are known by files that rarely change."""

    @property
    def files(self) -> ImportFiles:
        """The files."""
