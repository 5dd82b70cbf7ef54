"""The opt-out list: pictures and faces that must not be in the dataset.

One entry a line in ``<home>/opt_out.txt``: a picture's key, a face_id, a URL, or the sha256 of a
picture's bytes; ``#`` starts a comment. Every stage asks the list before it keeps a row.
"""

from dataclasses import dataclass

from facecaption_assets.storage import Storage


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
        lines = path.read_text(encoding="utf-8").splitlines()
        entries = (line.partition(" #")[0].strip() for line in lines)
        return cls(
            frozenset(e.removeprefix("sha256:") for e in entries if e and not e.startswith("#"))
        )

    def __bool__(self) -> bool:
        return bool(self.entries)

    def covers(self, *identifiers: str | None) -> bool:
        """Whether any of the identifiers is on the list."""
        return any(i in self.entries for i in identifiers if i)
