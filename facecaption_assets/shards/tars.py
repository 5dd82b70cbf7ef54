"""Tar shards in WebDataset's layout: members ``key.extension``, all of one key in a row.

Plain ustar with every time and owner set to zero, so that equal pixels make equal files. Tars are
only ever streamed; nothing is extracted to disk.
"""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

#: Extensions under which pictures are stored.
PICTURE_EXTENSIONS: Final = ("jpg", "png", "webp")


class TarWriter:
    """Writes members in order; use as a context manager."""

    def __init__(self, path: Path) -> None:
        self._tar = tarfile.open(path, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115

    def __enter__(self) -> "TarWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._tar.close()

    def add(self, name: str, data: bytes) -> None:
        """Append one member."""
        member = tarfile.TarInfo(name)
        member.size = len(data)
        member.mode = 0o644
        self._tar.addfile(member, io.BytesIO(data))
        # The library remembers every member, which nobody asks for here.
        self._tar.getmembers().clear()


def read_members(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each regular member, in file order."""
    with tarfile.open(fileobj=file, mode="r|") as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None:
                yield member.name, content.read()
            # The library remembers every member, which nobody asks for here.
            tar.members.clear()  # type: ignore[attr-defined]


def read_samples(file: BinaryIO) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Members grouped by key: ``(key, {extension: bytes})``, in file order.

    The key ends at the first dot, as in WebDataset.
    """
    current: str | None = None
    fields: dict[str, bytes] = {}
    for name, data in read_members(file):
        key, _, extension = name.partition(".")
        if key != current and current is not None:
            yield current, fields
            fields = {}
        current = key
        fields[extension] = data
    if current is not None:
        yield current, fields


def read_pictures(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Key and picture bytes of each sample that has a picture, in file order."""
    for key, fields in read_samples(file):
        for extension in PICTURE_EXTENSIONS:
            if extension in fields:
                yield key, fields[extension]
                break
