"""Registered sources: ``<home>/sources/NAME.toml``.

A source says where pictures come from; it holds no pictures itself. How a kind of source lists
and reads its pictures belongs to ``folder``, ``sample``, ``laion_part``, ``webdataset_import``,
``parquet_images`` and ``facecaption_import``; which picture is in which shard belongs to
``registration``.
"""

import json
import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from facecaption_assets.shards.laion_parts import PARTS, SELECTIONS, select_parts
from facecaption_assets.storage import Storage

#: Kinds that were made elsewhere: files at the place that the setting ``images`` names.
IMPORTS: Final = ("webdataset", "parquet", "facecaption")

KINDS: Final = ("folder", "sample", "laion", *IMPORTS)

#: Settings that name a column, with the kinds that have one.
_COLUMNS: Final = {"image_column": ("parquet", "facecaption"), "text_column": ("parquet",)}

#: A name becomes part of keys, file names and tar members, in which a dot ends the key.
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")


class SourceError(ValueError):
    """A source is not registered, or its file cannot be used."""


@dataclass(frozen=True)
class Source:
    """One registered source.

    Attributes:
        name: Lower-case letters, digits and dashes; the first part of its shards' keys.
        kind: One of KINDS.
        images: Where the pictures are: a folder; of an import, a folder of its files or one file.
        rows_per_shard: Most pictures in one of its shards; the profile's where it is None.
        part: Key of the LAION-Face part; for kind ``laion``.
        image_column: Column of the pictures, of Parquet files; found where it is None.
        text_column: Column of the alt-texts, for kind ``parquet``; found where it is None.
    """

    name: str
    kind: str
    images: str | None = None
    rows_per_shard: int | None = None
    part: str | None = None
    image_column: str | None = None
    text_column: str | None = None

    def __post_init__(self) -> None:
        self._check_texts()
        if self.rows_per_shard is not None and type(self.rows_per_shard) is not int:
            raise SourceError(
                f"source {self.name}: rows_per_shard = {self.rows_per_shard!r} is no whole number"
            )
        if not _NAME.fullmatch(self.name):
            raise SourceError(
                f"source name {self.name!r}: use lower-case letters, digits and dashes, at most 64"
            )
        if self.kind not in KINDS:
            raise SourceError(f"source {self.name}: kind {self.kind!r} is not one of {KINDS}")
        if self.kind in ("folder", *IMPORTS) and not self.images:
            raise SourceError(f"source {self.name}: kind {self.kind} needs the setting images")
        if (self.kind == "laion") != (self.part is not None) or self.part not in (None, *PARTS):
            raise SourceError(
                f"source {self.name}: kind {self.kind} with part {self.part!r}; a source of kind "
                "laion has a part from 00 to 31, and no other has one"
            )
        if self.rows_per_shard is not None and not 1 <= self.rows_per_shard <= 10_000:
            raise SourceError(
                f"source {self.name}: rows_per_shard {self.rows_per_shard} is not within 1 to 10000"
            )

    def _check_texts(self) -> None:
        for setting in ("images", *_COLUMNS):
            value = getattr(self, setting)
            if value is not None and not isinstance(value, str):
                raise SourceError(f"source {self.name}: {setting} = {value!r} is not a text")
        for setting, kinds in _COLUMNS.items():
            if getattr(self, setting) is not None and self.kind not in kinds:
                raise SourceError(
                    f"source {self.name}: kind {self.kind} has no setting {setting}; "
                    f"{' and '.join(kinds)} have one"
                )


def shard_key(source: str, index: int) -> str:
    """Key of a source's shard: ``<source>-<index:05d>``."""
    return f"{source}-{index:05d}"


def split_shard_key(key: str) -> tuple[str, int]:
    """Source name and index of a shard key.

    Raises:
        SourceError: If the key is not of that form.
    """
    source, _, index = key.rpartition("-")
    if not source or len(index) != 5 or not index.isdigit():
        raise SourceError(f"shard key {key!r} is not <source>-<five digits>")
    return source, int(index)


def add_source(storage: Storage, source: Source) -> None:
    """Register a source, or give a registered one new settings.

    Raises:
        SourceError: If the folder or file does not exist, or the name belongs to another kind of
            source, place or part: pictures are known by their names within it.
    """
    if source.images is not None:
        require_place(source)
    path = storage.sources / f"{source.name}.toml"
    if path.exists():
        registered = read_source(storage, source.name)
        if _place(registered) != _place(source):
            raise SourceError(
                f"source {source.name} is registered with {_place(registered)}; give "
                f"{_place(source)} another name"
            )
    lines = [
        f"{field.name} = {_toml(value)}"
        for field in fields(source)
        if field.name != "name" and (value := getattr(source, field.name)) is not None
    ]
    storage.write_text(path, "\n".join(lines) + "\n")


def require_place(source: Source) -> None:
    """Check that the pictures' folder, or an import's file, is there.

    Raises:
        SourceError: If it is not.
    """
    place = Path(source.images or "")
    if source.kind == "folder" and not place.is_dir():
        raise SourceError(f"source {source.name}: images {source.images} is not a folder")
    if not place.exists():
        raise SourceError(f"source {source.name}: images {source.images} does not exist")


def add_laion_parts(
    storage: Storage, name: str, selection: str, rows_per_shard: int | None = None
) -> list[str]:
    """Register a part of LAION-Face, or each part of a selection as ``<name>-<part>``.

    Args:
        storage: Data root.
        name: Name of the source, or what the names of the selection's sources begin with.
        selection: Key of a part, or a name among ``laion_parts.SELECTIONS``.
        rows_per_shard: As for ``Source``.

    Returns:
        Names of the sources.

    Raises:
        SourceError: If there is no such part or selection, or a name is taken.
    """
    try:
        parts = select_parts(selection)
    except ValueError as error:
        raise SourceError(str(error)) from error
    whole = selection.lower() in SELECTIONS
    sources = [
        Source(f"{name}-{part}" if whole else name, "laion", None, rows_per_shard, part)
        for part in parts
    ]
    for source in sources:
        add_source(storage, source)
    return [source.name for source in sources]


def _place(source: Source) -> str:
    """What a source is, but for the settings that may change."""
    place = f"kind {source.kind}, images {source.images}, part {source.part}"
    return f"{place}, image_column {source.image_column}" if source.image_column else place


def _toml(value: str | int) -> str:
    # JSON's strings are TOML's, but for the one control character that JSON lets through.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def read_source(storage: Storage, name: str) -> Source:
    """A registered source.

    Raises:
        SourceError: If there is none of that name, or its file is not a source.
    """
    path = storage.sources / f"{name}.toml"
    if not path.exists():
        known = ", ".join(source_names(storage)) or "none"
        raise SourceError(f"no source {name!r} is registered in {path.parent} (there: {known})")
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return Source(name=name, **values)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        raise SourceError(f"{path} is not a source: {error}") from error


def source_names(storage: Storage) -> list[str]:
    """Names of the registered sources, sorted."""
    if not storage.sources.exists():
        return []
    return sorted(path.stem for path in storage.sources.glob("*.toml"))
