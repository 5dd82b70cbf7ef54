"""WebDataset shards as a source: tars of pictures, as img2dataset and others write them.

A picture's name is its tar's and its key, ``00000.tar/000000042``. Where img2dataset's ledger lies
beside a tar, the pictures that it failed to fetch are listed too: they have rows, and no bytes.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

import pyarrow as pa

from facecaption_assets.shards.img2dataset_ledger import Ledger, read_ledger, why_missing
from facecaption_assets.shards.import_files import ImportFiles, shown
from facecaption_assets.shards.index_cache import IndexCache
from facecaption_assets.shards.pictures import PictureUnreadable, SideCar
from facecaption_assets.shards.side_cars import MAX_SIDE_CAR_BYTES, read_side_car
from facecaption_assets.shards.tar_index import TarIndex, read_index, write_index

#: Files that matter: tars, the ledgers beside them, and compressed tars, which are refused.
WEBDATASET_SUFFIXES: Final = (".tar", ".parquet", ".gz", ".tgz")


@dataclass(frozen=True)
class _Archive:
    """One tar.

    Attributes:
        path: Where it is.
        index: Its samples.
        ledger: img2dataset's rows, where there are any.
    """

    path: Path
    index: TarIndex
    ledger: Ledger | None

    def listed(self) -> list[str]:
        """Keys of pictures, there or not, sorted.

        A torn tar without a ledger has the empty key as well, so that a row says what happened.
        """
        if self.ledger is not None:
            return sorted({*self.index.keys, *self.ledger.keys})
        return self.index.keys if self.index.torn_at is None else ["", *self.index.keys]

    def why_absent(self, key: str) -> str:
        """Why there is no picture of a key."""
        reason = why_missing(self.ledger.find(key)) if self.ledger is not None else None
        if reason is not None:
            return f"img2dataset: {reason}"
        if self.index.torn_at is not None:
            return f"{shown(self.path)} breaks off at byte {self.index.torn_at}: copy it again"
        return f"{shown(self.path)} has no picture {key!r}"


@dataclass(frozen=True)
class WebDatasetFolder:
    """All tars below a folder.

    Attributes:
        files: The tars and what lies beside them.
        indexes: Where the tars' indexes are kept.
    """

    files: ImportFiles
    indexes: IndexCache

    def list_names(self) -> Iterator[str]:
        """Tar and key of every picture, in the order of tars and keys.

        Raises:
            SourceError: If a file is no tar, or the file beside it is no Parquet file.
        """
        for tar, path in self.files.paths.items():
            if path.name.endswith((".tar.gz", ".tgz")):
                raise self.files.unusable(path, "compressed; pictures are read from plain tars")
            if path.suffix not in WEBDATASET_SUFFIXES[1:]:
                yield from (f"{tar}/{key}" for key in self._archive(tar).listed())

    def url(self, name: str) -> str:
        """The tar as a ``file://`` URL with the key as its fragment."""
        tar, key = self._split(name)
        return self.files.url(tar, quote(key, safe="/"))

    def fingerprint(self, name: str) -> str | None:
        """Size and time of the tar; None where the picture is not in it."""
        tar, key = self._split(name)
        if tar not in self.files.paths or self._archive(tar).index.find(key) is None:
            return None
        return self.files.fingerprint(tar)

    def side_car(self, name: str) -> SideCar:
        """The sample's text and JSON, and what the ledger says of it.

        The ledger's URL stays in the metadata: opting it out leaves out the picture.
        """
        tar, key = self._split(name)
        if tar not in self.files.paths:
            return SideCar()
        archive = self._archive(tar)
        row = archive.ledger.find(key) if archive.ledger is not None else {}
        caption = row.pop("alt_text", None) or row.pop("caption", None)
        sample = archive.index.find(key) or {}
        found = read_side_car(
            *(_read_span(archive.path, sample.get(name)) for name in ("text", "fields"))
        )
        metadata = {**row, **{k: v for k, v in found.metadata.items() if v is not None}}
        if others := sample.get("other_pictures"):
            metadata["other_pictures"] = others
        return SideCar(found.alt_text or caption, metadata, found.person)

    def read(self, url: str, max_bytes: int) -> bytes:
        """The member's bytes, at most ``max_bytes`` + 1 of them.

        Raises:
            PictureUnreadable: If the picture is not in its tar; in img2dataset's own words where
                it was never fetched.
        """
        tar, fragment = self.files.locate(url)
        key = unquote(fragment)
        archive = self._archive(tar)
        sample = archive.index.find(key)
        if sample is None:
            raise PictureUnreadable(archive.why_absent(key))
        span = sample["picture"]
        wanted = min(span["size"], max_bytes + 1)
        try:
            with archive.path.open("rb") as file:
                file.seek(span["offset"])
                data = file.read(wanted)
        except OSError as error:
            raise PictureUnreadable(f"{shown(archive.path)}: {error.strerror}") from error
        if len(data) < wanted:
            raise PictureUnreadable(archive.why_absent(key))
        return data

    def _split(self, name: str) -> tuple[str, str]:
        """Tar and key of a name; folders may end in ``.tar`` too."""
        end = name.find(".tar/")
        while end >= 0:
            tar, key = name[: end + 4], name[end + 5 :]
            if tar in self.files.paths:
                return tar, key
            end = name.find(".tar/", end + 1)
        tar, _, key = name.partition(".tar/")
        return f"{tar}.tar", key

    def _archive(self, tar: str) -> _Archive:
        # Names come tar by tar, so the last one is the one that is asked for next.
        held = self._held
        if tar not in held:
            held.clear()
            held[tar] = self._open(tar)
        return held[tar]

    @cached_property
    def _held(self) -> dict[str, _Archive]:
        return {}

    def _open(self, tar: str) -> _Archive:
        path = self.files.paths[tar]
        try:
            version = self.files.fingerprint(tar) or ""
            index = self.indexes.get(tar, version, partial(write_index, path))
        except (tarfile.TarError, OSError) as error:
            raise self.files.unusable(path, f"not a tar archive: {error}") from error
        beside = path.with_suffix(".parquet")
        ledger = None
        if beside.exists():
            try:
                ledger = read_ledger(beside)
            except (pa.ArrowException, OSError) as error:
                raise self.files.unusable(beside, error) from error
        return _Archive(path, read_index(index), ledger)


def _read_span(path: Path, span: dict[str, Any] | None) -> bytes | None:
    if span is None:
        return None
    try:
        with path.open("rb") as file:
            file.seek(span["offset"])
            return file.read(min(span["size"], MAX_SIDE_CAR_BYTES))
    except OSError:
        return None
