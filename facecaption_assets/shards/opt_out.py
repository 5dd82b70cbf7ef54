"""The opt-out list: pictures and faces that must not be in the dataset.

One entry a line in ``<home>/opt_out.txt``: a picture's key, a face_id, a URL, or the sha256 of a
picture's bytes; ``#`` starts a comment. Every stage asks the list before it keeps a row.
"""

import re
from dataclasses import dataclass
from typing import Final

from facecaption_assets.storage import Storage

#: A comment starts a line or follows a space: URLs may hold a ``#``.
_COMMENT: Final = re.compile(r"(^|\s)#.*")
_SHA256: Final = re.compile("[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class OptOut:
    """The entries of the list."""

    entries: frozenset[str]

    @classmethod
    def none(cls) -> "OptOut":
        """A list with no entry."""
        return cls(frozenset())

    @classmethod
    def read(cls, storage: Storage) -> "OptOut":
        """The list of a data root; empty where there is none."""
        path = storage.opt_out_list
        if not path.exists():
            return cls.none()
        # Editors may put a byte order mark first; tools write sums in either case.
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        entries = (_COMMENT.sub("", line).strip() for line in lines)
        return cls(frozenset(_canonical(entry) for entry in entries if entry))

    def __bool__(self) -> bool:
        return bool(self.entries)

    def covers(self, *identifiers: str | None) -> bool:
        """Whether any of the identifiers is on the list."""
        return any(_canonical(i) in self.entries for i in identifiers if i)


def _canonical(entry: str) -> str:
    plain = entry.removeprefix("sha256:").strip()
    return plain.lower() if _SHA256.fullmatch(plain) else entry
