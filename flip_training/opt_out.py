"""The list of pictures whose owners have asked to be left out.

The dataset honours the same list when it is built; this is the second line, for what was built
before an entry was added.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class OptOut:
    """Entries of the list: keys, face ids, URLs and sha256 sums."""

    entries: frozenset[str]

    @classmethod
    def read(cls, path: Path) -> "OptOut":
        """One entry per line; ``#`` starts a comment line or, after a blank, a comment.

        A missing file is an empty list. Sums are compared in lower case.
        """
        if not path.exists():
            return cls(frozenset())
        lines = (line.strip() for line in path.read_text("utf-8").splitlines())
        kept = (line.split(" #")[0].strip() for line in lines if not line.startswith("#"))
        return cls(frozenset(_canonical(entry) for entry in kept if entry))

    def covers(self, *identifiers: str | None) -> bool:
        """Whether any of the identifiers is on the list."""
        return any(i is not None and _canonical(i) in self.entries for i in identifiers)

    @property
    def version(self) -> str:
        """A text that changes when the list does; empty for an empty list."""
        return ",".join(sorted(self.entries))


def _canonical(entry: str) -> str:
    is_sum = len(entry) == 64 and set(entry.lower()) <= set("0123456789abcdef")
    return entry.lower() if is_sum else entry
