"""Small pictures of the faces that a page shows, cut from the crops' tars.

A thumbnail's name holds the crop's hash and its size, so one that is there is never made again,
and one that is not shown any more is removed: a face that is opted out leaves the page with it.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from PIL import Image
from tqdm import tqdm
from upath import UPath

from facecaption_assets.shards.images import decode_rgb
from facecaption_assets.shards.tars import read_members
from facecaption_assets.storage import Storage

_JPEG_QUALITY: Final = 82


class ShownFace(Protocol):
    """A face that a page shows."""

    @property
    def face_id(self) -> str:
        """The face."""
        ...

    @property
    def shard(self) -> str:
        """Shard that has its crop."""
        ...

    @property
    def sha256(self) -> str:
        """Of the crop's bytes, hex."""
        ...


def thumbnail_name(face: ShownFace, side_px: int) -> str:
    """File name of a face's thumbnail."""
    return f"{face.face_id}-{face.sha256[:12]}-{side_px}.jpg"


def publish_thumbnails(
    storage: Storage, folder: UPath, faces: Sequence[ShownFace], side_px: int
) -> None:
    """Bring the folder to hold exactly the faces' thumbnails.

    Args:
        storage: Data root.
        folder: Where the thumbnails lie.
        faces: Faces that are shown; one may be named more than once.
        side_px: Longer side of a thumbnail, px.
    """
    wanted = {thumbnail_name(face, side_px): face for face in faces}
    there = {path.name for path in folder.glob("*.jpg")} if folder.exists() else set()
    for name in sorted(there - wanted.keys()):
        (folder / name).unlink()
    missing: dict[str, dict[str, str]] = {}
    for name, face in wanted.items():
        if name not in there:
            missing.setdefault(face.shard, {})[f"{face.face_id}.jpg"] = name
    with storage.staging("thumbnails", folder.name) as staging:
        for shard, members in tqdm(
            sorted(missing.items()), desc="thumbnails", disable=None, leave=False
        ):
            _cut_shard(storage, shard, members, folder, staging, side_px)


def _cut_shard(
    storage: Storage,
    shard: str,
    members: Mapping[str, str],
    folder: UPath,
    staging: Path,
    side_px: int,
) -> None:
    """Write the thumbnails of one shard; reading stops at the last face that is wanted."""
    remaining = dict(members)
    with storage.open_tar("face_crops", shard) as file:
        for member, data in read_members(file):
            if not remaining:
                return
            if member in remaining:
                local = staging / "thumbnail.jpg"
                local.write_bytes(shrink(data, side_px))
                storage.publish(local, folder / remaining.pop(member))


def shrink(data: bytes, side_px: int) -> bytes:
    """An encoded picture as a JPEG whose longer side is at most ``side_px``."""
    picture = Image.fromarray(decode_rgb(data))
    picture.thumbnail((side_px, side_px))
    sink = io.BytesIO()
    picture.save(sink, "JPEG", quality=_JPEG_QUALITY)
    return sink.getvalue()
