"""The opt-out list: pictures and faces that must not be in the dataset.

Every ``.txt`` file in ``<home>/optout`` is part of it, one entry a line; ``opt_out_entries`` says
what an entry may be. Every stage asks the list before it keeps a row. A line that names nothing
is an error: it would leave nothing out, and nobody would know.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from upath import UPath

from facecaption_assets.shards.opt_out_entries import (
    Entry,
    Kind,
    canonical,
    kind_of,
    parse_line,
    url_host,
)
from facecaption_assets.shards.origins import original_identifiers
from facecaption_assets.shards.sources import SourceError
from facecaption_assets.storage import Storage

#: Columns by which a row of any table may be on the list; ``metadata`` and ``phash`` are others.
_NAMING_COLUMNS: Final = ("key", "face_id", "url", "final_url", "sha256")

_MESSAGE: Final = "on the opt-out list by "
_COUNTED: Final = re.compile(f"{_MESSAGE}(\\w+)")


class OptOutError(SourceError):
    """The opt-out list cannot be read, or a line of it names nothing."""


@dataclass(frozen=True, eq=False)
class OptOut:
    """The entries of the list, in canonical form.

    Attributes:
        exact: Keys, face_ids, URLs and sha256 sums.
        domains: Hosts; their subdomains are meant as well.
        perceptual: Perceptual hashes, 16 hex digits, with the distance in bits that is still meant.
    """

    exact: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    perceptual: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def none(cls) -> "OptOut":
        """A list with no entry."""
        return cls()

    @classmethod
    def of(cls, *lines: str) -> "OptOut":
        """A list of these lines.

        Raises:
            ValueError: If one of them names nothing.
        """
        return _collect(entry for line in lines if (entry := parse_line(line)) is not None)

    @classmethod
    def read(cls, storage: Storage) -> "OptOut":
        """The list of a data root; empty where there is none.

        Raises:
            OptOutError: If a file is not a list, or a line names nothing.
        """
        if storage.retired_opt_out_list.exists():
            raise OptOutError(
                f"{storage.retired_opt_out_list} is not read any more; move it to a .txt file in "
                f"{storage.opt_out_folder}"
            )
        if not storage.opt_out_folder.exists():
            return cls.none()
        paths = [p for p in storage.opt_out_folder.iterdir() if not p.name.startswith(".")]
        return _read_files(tuple(sorted((str(p), p.fs.ukey(p.path)) for p in paths)))

    def __bool__(self) -> bool:
        return bool(self.exact or self.domains or self.perceptual)

    @cached_property
    def version(self) -> str:
        """Hash of the entries, whichever files they are in; empty for an empty list."""
        if not self:
            return ""
        digest = hashlib.sha256()
        for entries in (self.exact, self.domains, (f"{h}/{d}" for h, d in self.perceptual)):
            digest.update("\n".join([*sorted(entries), "\n"]).encode())
        return digest.hexdigest()[:16]

    def covers(self, *identifiers: str | None) -> bool:
        """Whether the list has an entry for any of the identifiers; as ``covering``."""
        return self.covering(*identifiers) is not None

    def covering(self, *identifiers: str | None, phash: str | None = None) -> Kind | None:
        """Kind of an entry that covers a picture or face; None where there is none.

        Args:
            identifiers: Keys, face_ids, URLs and sha256 sums of it, in any order.
            phash: Its perceptual hash, 16 hex digits.
        """
        if not self:
            return None
        for identifier in identifiers:
            if identifier and (kind := self._covering_name(identifier)):
                return kind
        return Kind.PHASH if phash and self._is_near(phash) else None

    def covering_row(self, row: Mapping[str, Any]) -> Kind | None:
        """As ``covering``, by all columns of a row that identify its picture or face.

        Of ``metadata`` these are ``origins.original_identifiers``: an imported picture's own URLs.
        """
        if not self:
            return None
        names = [row.get(column) for column in _NAMING_COLUMNS]
        origins = original_identifiers(row.get("metadata"))
        return self.covering(*names, *origins, phash=row.get("phash"))

    def _covering_name(self, identifier: str) -> Kind | None:
        if canonical(identifier) in self.exact:
            return kind_of(identifier)
        host = url_host(identifier) if self.domains else ""
        while host:
            if host in self.domains:
                return Kind.DOMAIN
            host = host.partition(".")[2]
        return None

    def _is_near(self, phash: str) -> bool:
        hashes, distances = self._perceptual_arrays
        return bool((np.bitwise_count(hashes ^ np.uint64(int(phash, 16))) <= distances).any())

    @cached_property
    def _perceptual_arrays(self) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
        hashes = np.array([int(digits, 16) for digits, _ in self.perceptual], np.uint64)
        return hashes, np.array([distance for _, distance in self.perceptual], np.uint8)


@lru_cache(maxsize=1)
def _read_files(files: tuple[tuple[str, str], ...]) -> OptOut:
    """The list in files, each with what tells that it has not changed since it was read."""
    return _collect(entry for path, _ in files for entry in _read_file(UPath(path)))


def _read_file(path: UPath) -> Iterable[Entry]:
    if path.suffix != ".txt" or not path.is_file():
        raise OptOutError(f"{path} is not a .txt file; nothing else belongs in the opt-out folder")
    # Editors may put a byte order mark first.
    with path.open(encoding="utf-8-sig") as lines:
        try:
            for number, line in enumerate(lines, 1):
                if (entry := _parse(path, number, line)) is not None:
                    yield entry
        except UnicodeDecodeError as error:
            raise OptOutError(f"{path} is not UTF-8: {error}") from error


def _parse(path: UPath, number: int, line: str) -> Entry | None:
    try:
        return parse_line(line)
    except ValueError as error:
        raise OptOutError(f"{path}, line {number}: {error}") from error


def _collect(entries: Iterable[Entry]) -> OptOut:
    exact: set[str] = set()
    domains: set[str] = set()
    perceptual: set[tuple[str, int]] = set()
    for kind, name, distance in entries:
        if kind is Kind.DOMAIN:
            domains.add(name)
        elif kind is Kind.PHASH:
            perceptual.add((name, distance))
        else:
            exact.add(name)
    return OptOut(frozenset(exact), frozenset(domains), frozenset(perceptual))


def left_out_by(kind: Kind) -> str:
    """The error message of a row that an entry of the kind covers."""
    return f"{_MESSAGE}{kind}"


def count_left_out(messages: Iterable[str | None]) -> dict[str, int]:
    """Rows that were left out, by kind of entry: ``opted_out_by_domain`` and so on."""
    found = (_COUNTED.match(message) for message in messages if message)
    counts = Counter(f"opted_out_by_{match[1]}" for match in found if match)
    return dict(sorted(counts.items()))
