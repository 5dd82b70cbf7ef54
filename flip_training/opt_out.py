"""The list of pictures whose owners have asked to be left out.

The dataset honours the same list when it is built; this is the second line, for what was built
before an entry was added. Both packages read an entry alike.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: A comment: from a ``#`` at the start of a line or after a blank, so not within a URL.
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")

_SUM: Final = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class OptOut:
    """Entries of the list in canonical form: keys, face ids, URLs and sha256 sums."""

    entries: frozenset[str]

    @classmethod
    def read(cls, path: Path) -> "OptOut":
        """One entry per line; ``#`` starts a comment. A missing file is an empty list.

        Blanks around an entry, a byte order mark, and the prefix ``sha256:`` and the case of a sum
        mean nothing.
        """
        if not path.exists():
            return cls(frozenset())
        lines = path.read_text("utf-8-sig").splitlines()
        entries = (_canonical(_COMMENT.sub("", line)) for line in lines)
        return cls(frozenset(entry for entry in entries if entry))

    def covers(self, *identifiers: str | None) -> bool:
        """Whether any of the identifiers is on the list."""
        return any(i is not None and _canonical(i) in self.entries for i in identifiers)

    @property
    def version(self) -> str:
        """A text that changes when the list does; empty for an empty list."""
        return ",".join(sorted(self.entries))


def _canonical(entry: str) -> str:
    entry = entry.strip()
    plain = entry.removeprefix("sha256:").strip()
    return plain.lower() if _SUM.fullmatch(plain) else entry
