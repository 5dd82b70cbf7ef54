"""The list of pictures whose owners have asked to be left out.

The dataset honours the same list when it is built; this is the second line, for what was built
before an entry was added. Both packages read the folder alike: every ``.txt`` file in it, one
entry a line.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from flip_training.pairs.opt_out_entries import Entry, Kind, canonical, parse_line, url_host
from flip_training.pairs.origins import original_identifiers

#: Columns by which a row of any table may be on the list; ``metadata`` and ``phash`` are others.
_NAMING_COLUMNS: Final = ("key", "face_id", "url", "final_url", "sha256")

#: The one list of earlier data roots, beside the folder; it must not lie there unread.
_RETIRED: Final = "opt_out.txt"


class OptOutError(ValueError):
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
    def read(cls, folder: Path) -> "OptOut":
        """The list in a folder; empty where there is none.

        Raises:
            OptOutError: If a file is not a list, or a line names nothing.
        """
        if (retired := folder.with_name(_RETIRED)).exists():
            raise OptOutError(f"{retired} is not read any more; move it to a .txt file in {folder}")
        if not folder.exists():
            return cls()
        found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        return _read_files(tuple((path, _state(path)) for path in found))

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

    def covers(self, *identifiers: str | None, phash: str | None = None) -> bool:
        """Whether the list has an entry for a picture or face.

        Args:
            identifiers: Keys, face_ids, URLs and sha256 sums of it, in any order.
            phash: Its perceptual hash, 16 hex digits.
        """
        if any(self._covers_name(identifier) for identifier in identifiers if identifier):
            return True
        return bool(phash) and self._is_near(str(phash))

    def covers_row(self, row: Mapping[str, Any]) -> bool:
        """As ``covers``, by all columns of a row that identify its picture or face.

        Of ``metadata`` these are ``origins.original_identifiers``: an imported picture's own URLs.
        """
        if not self:
            return False
        names = [row.get(column) for column in _NAMING_COLUMNS]
        origins = original_identifiers(row.get("metadata"))
        return self.covers(*names, *origins, phash=row.get("phash"))

    def _covers_name(self, identifier: str) -> bool:
        if canonical(identifier) in self.exact:
            return True
        host = url_host(identifier) if self.domains else ""
        while host:
            if host in self.domains:
                return True
            host = host.partition(".")[2]
        return False

    def _is_near(self, phash: str) -> bool:
        hashes, distances = self._perceptual_arrays
        return bool((np.bitwise_count(hashes ^ np.uint64(int(phash, 16))) <= distances).any())

    @cached_property
    def _perceptual_arrays(self) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
        hashes = np.array([int(digits, 16) for digits, _ in self.perceptual], np.uint64)
        return hashes, np.array([distance for _, distance in self.perceptual], np.uint8)


def _state(path: Path) -> tuple[int, int, int]:
    """What tells that a file has not changed since it was read."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


@lru_cache(maxsize=1)
def _read_files(files: tuple[tuple[Path, tuple[int, int, int]], ...]) -> OptOut:
    exact: set[str] = set()
    domains: set[str] = set()
    perceptual: set[tuple[str, int]] = set()
    for path, _ in files:
        for kind, name, distance in _read_file(path):
            if kind is Kind.DOMAIN:
                domains.add(name)
            elif kind is Kind.PHASH:
                perceptual.add((name, distance))
            else:
                exact.add(name)
    return OptOut(frozenset(exact), frozenset(domains), frozenset(perceptual))


def _read_file(path: Path) -> Iterable[Entry]:
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


def _parse(path: Path, number: int, line: str) -> Entry | None:
    try:
        return parse_line(line)
    except ValueError as error:
        raise OptOutError(f"{path}, line {number}: {error}") from error
