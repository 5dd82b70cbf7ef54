"""Which of some faces are kept, and which are the same face in a copy of the same picture.

Pure functions on a handful of faces; where these come from belongs to ``duplicates``. Compared are
pictures and places in them, never persons.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from facecaption_assets.quality.duplicate_settings import DuplicateSettings

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Face:
    """What is compared of a face.

    Attributes:
        face_id: The face.
        key: Its picture.
        short_hash: The picture's short hash, 64 bits.
        long_hash: The picture's long hash, 256 bits.
        crop_hash: The crop's hash, 64 bits; None where the crop is of one tone.
        box: Left, top, right, bottom as shares of the picture.
    """

    face_id: str
    key: str
    short_hash: int
    long_hash: int
    crop_hash: int | None
    box: Box


@dataclass(frozen=True, slots=True)
class Copy:
    """A face that is dropped, the kept one that it is a copy of, and their distance.

    The distance is the bits in which the long hashes of their pictures differ.
    """

    face_id: str
    kept_id: str
    distance: int


def find_copies(faces: Iterable[Face], settings: DuplicateSettings) -> list[Copy]:
    """The faces that are dropped.

    Each face, best first, is kept unless it is near one that is kept already; it then belongs to
    the nearest of these, of equally near ones to the best. Nearness does not add up: no face is
    dropped because of one that is itself dropped.

    Args:
        faces: Faces, the best first.
        settings: How near is near.
    """
    kept: list[Face] = []
    copies: list[Copy] = []
    for face in faces:
        near = [other for other in kept if is_copy(face, other, settings)]
        if near:
            nearest = min(near, key=lambda other: _bits(face.long_hash, other.long_hash))
            distance = _bits(face.long_hash, nearest.long_hash)
            copies.append(Copy(face.face_id, nearest.face_id, distance))
        else:
            kept.append(face)
    return copies


def is_copy(one: Face, other: Face, settings: DuplicateSettings) -> bool:
    """Whether two faces are the same place in two copies of one picture.

    Faces of one picture never are: they are others, however alike.
    """
    return (
        one.key != other.key
        and _bits(one.short_hash, other.short_hash) <= settings.picture_bits
        and _bits(one.long_hash, other.long_hash) <= settings.long_bits
        and _crops_agree(one.crop_hash, other.crop_hash, settings.crop_bits)
        and overlap(one.box, other.box) >= settings.min_overlap
    )


def _crops_agree(one: int | None, other: int | None, most: int) -> bool:
    if one is None or other is None:
        return one is other
    return _bits(one, other) <= most


def _bits(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, [0, 1]."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (_area(one) + _area(other) - both)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
