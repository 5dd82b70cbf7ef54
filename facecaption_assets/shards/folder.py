"""A folder of pictures as a source, any depth, with optional side-cars.

``cat.txt`` and ``cat.json`` beside ``cat.jpg`` are its side-cars; what is in them belongs to
``side_cars``.
"""

import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from facecaption_assets.shards.pictures import PictureUnreadable, SideCar
from facecaption_assets.shards.side_cars import MAX_SIDE_CAR_BYTES, read_side_car

#: Files with these endings get a row. Kinds that cannot be stored are listed too, so that their
#: rows say so instead of the files being passed over in silence.
PICTURE_SUFFIXES: Final = frozenset(
    f".{kind}"
    for kind in (
        *("jpg", "jpeg", "jfif", "png", "webp"),
        *("gif", "bmp", "tif", "tiff", "heic", "heif", "avif"),
    )
)


@dataclass(frozen=True)
class PictureFolder:
    """All pictures below ``root``; hidden files and folders are passed over."""

    root: Path

    def list_names(self) -> list[str]:
        """Paths below the root with forward slashes, sorted.

        Linked files are listed; linked folders are not entered, because they may lead in circles.
        """
        names = []
        for folder, folders, files in os.walk(self.root):
            folders[:] = [f for f in folders if not f.startswith(".")]
            below = Path(folder).relative_to(self.root)
            names += [
                (below / file).as_posix()
                for file in files
                if not file.startswith(".")
                and Path(file).suffix.lower() in PICTURE_SUFFIXES
                and not _is_special(Path(folder) / file)
            ]
        return sorted(names)

    def url(self, name: str) -> str:
        """The picture as a ``file://`` URL."""
        return (self.root.absolute() / name).as_uri()

    def fingerprint(self, name: str) -> str | None:
        """Size in bytes and time of change in ns."""
        try:
            found = (self.root / name).stat()
        except OSError:
            return None
        return f"{found.st_size}:{found.st_mtime_ns}"

    def side_car(self, name: str) -> SideCar:
        """Alt-text and metadata from the files with the same stem; unreadable ones are noted."""
        picture = self.root / name
        return read_side_car(
            _read_start(picture.with_name(f"{picture.stem}.txt")),
            _read_start(picture.with_name(f"{picture.stem}.json")),
        )

    def read(self, url: str, max_bytes: int) -> bytes:
        """The file's bytes, at most ``max_bytes`` + 1 of them.

        Raises:
            PictureUnreadable: If the file is gone or may not be read.
        """
        path = Path(os.fsdecode(unquote_to_bytes(urlsplit(url).path)))
        try:
            with path.open("rb") as file:
                return file.read(max_bytes + 1)
        except OSError as error:
            raise PictureUnreadable(f"{url}: {error.strerror}") from error

    def is_settled(self, names: list[str], quiet_s: float) -> bool:
        """Whether none of the named files has arrived or changed within the last ``quiet_s``.

        Asked before pictures are dealt into shards unattended: a shard never grows, so a copy in
        progress would leave many small ones.
        """
        newest = max((_arrival_s(self.root / name) for name in names), default=0.0)
        return time.time() - newest >= quiet_s


def _is_special(path: Path) -> bool:
    """Whether opening the path could block: a pipe, a socket or a device."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _arrival_s(path: Path) -> float:
    try:
        return path.stat().st_ctime
    except OSError:
        return 0.0


def _read_start(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(MAX_SIDE_CAR_BYTES)
    except OSError:
        return None
