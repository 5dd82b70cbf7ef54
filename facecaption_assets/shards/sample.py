"""The sample source: pictures of ``openpeople`` (MIT), read as data from its package archive.

Ten AI-generated people, each with a portrait, a selfie, two postures, a character sheet and a
sheet of sixteen expressions; ``metadata.json`` of each person becomes the side-car. The people do
not exist, which makes it a sample that anybody may look at.
"""

import json
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Final

from facecaption_assets.shards.pictures import PictureUnreadable, SideCar

_URL_PREFIX: Final = "pkg:pypi/openpeople@0.1.2#"


@dataclass(frozen=True)
class SampleArchive:
    """The pictures inside the archive at ``path``."""

    path: Path

    @cached_property
    def _members(self) -> dict[str, zipfile.ZipInfo]:
        with zipfile.ZipFile(self.path) as archive:
            return {info.filename: info for info in archive.infolist()}

    def list_names(self) -> list[str]:
        """Archive members that are pictures, sorted; templates without a person included."""
        return sorted(
            name for name in self._members if PurePosixPath(name).suffix in (".jpg", ".jpeg")
        )

    def url(self, name: str) -> str:
        """The member as a package URL with the member's path as its fragment."""
        return _URL_PREFIX + name

    def fingerprint(self, name: str) -> str | None:
        """The archive's own checksum of the member."""
        info = self._members.get(name)
        return None if info is None else f"{info.CRC:08x}"

    def side_car(self, name: str) -> SideCar:
        """The person's description and what kind of picture it is."""
        member = PurePosixPath(name)
        metadata: dict[str, Any] = {"picture": member.stem}
        described = str(member.parent.parent / "metadata.json")
        if described not in self._members:
            return SideCar(metadata=metadata)
        with zipfile.ZipFile(self.path) as archive:
            person = json.loads(archive.read(described))
        metadata.update(person["character_details"])
        return SideCar(metadata=metadata, person=str(person["person_id"]))

    def read(self, url: str, max_bytes: int) -> bytes:
        """The member's bytes, at most ``max_bytes`` + 1 of them.

        Raises:
            PictureUnreadable: If the archive has no such member.
        """
        name = url.removeprefix(_URL_PREFIX)
        with zipfile.ZipFile(self.path) as archive:
            try:
                with archive.open(name) as member:
                    return member.read(max_bytes + 1)
            except KeyError as error:
                raise PictureUnreadable(f"{self.path.name} has no member {name}") from error
