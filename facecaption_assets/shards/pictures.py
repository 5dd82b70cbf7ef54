"""What every kind of source can do: list its pictures, describe one, read one.

The protocol and its values; the kinds themselves are in modules of their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol


class PictureUnreadable(OSError):
    """A planned picture is not there any more, or cannot be read."""


@dataclass(frozen=True)
class SideCar:
    """What came with a picture.

    Attributes:
        alt_text: Text as found, or None.
        metadata: Free fields of the side-car, JSON values.
        person: Opaque name of the person shown, where the side-car gives one. Only used to keep a
            person's pictures on one side of a split; never taken from web text.
        withheld: Why the source itself left the picture out, and has forgotten where it is: it
            must not be used. None for others.
    """

    alt_text: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    person: str | None = None
    withheld: str | None = None


class PictureSource(Protocol):
    """A place with pictures. ``name`` below is a picture's name within the source."""

    def list_names(self) -> Iterable[str]:
        """Names of all pictures, in a stable order."""

    def url(self, name: str) -> str:
        """Where the picture's bytes are."""

    def fingerprint(self, name: str) -> str | None:
        """Something that changes when the bytes do, cheap to get; None where it is absent."""

    def side_car(self, name: str) -> SideCar:
        """What came with the picture."""

    def read(self, url: str, max_bytes: int) -> bytes:
        """The picture's bytes, at most ``max_bytes`` + 1 of them.

        Raises:
            PictureUnreadable: If they cannot be read.
        """
