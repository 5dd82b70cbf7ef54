"""What can be asked for the faces of a shard's pictures, whoever looked at them and when.

A detector that looks now is wrapped here; faces that were published are in
``published_detections``. What becomes of a face belongs to ``cropping``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeAlias

from facecaption_assets.faces.detection import Detection, Detector, Landmarks, Point
from facecaption_assets.shards.images import Decoded

#: Decimals of a detector's scores, and of its coordinates in px, that count: the last bits of a
#: number depend on how many pictures a network looks at together, and rows should not.
SCORE_DECIMALS: Final = 5
PIXEL_DECIMALS: Final = 2

#: A row of RAW_SHARDS.
LedgerRow: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Findings:
    """What is known of one picture's faces.

    Attributes:
        faces: In any order, in pixels of the whole picture.
        drop_reason: What the picture is dropped for if it has no face: a reason of FACE_CROPS.
        error_message: More of that reason, where there is more to say.
    """

    faces: Sequence[Detection] = ()
    drop_reason: str = "no_face"
    error_message: str | None = None


class FaceFinder(Protocol):
    """Tells the faces of pictures."""

    @property
    def least_side(self) -> int:
        """Pixels that the longer side of a picture must keep where it is decoded smaller."""

    def find(self, rows: Sequence[LedgerRow], pictures: Sequence[Decoded]) -> list[Findings]:
        """Findings for each picture; ``rows`` and ``pictures`` are of the same pictures."""


@dataclass(frozen=True)
class DetectorFinder:
    """Asks a detector, which goes by the pixels alone.

    Attributes:
        detector: Who is asked.
        oversampling: Pixels of a picture's longer side for each that the detector sees.
    """

    detector: Detector
    oversampling: float = 1.0

    @property
    def least_side(self) -> int:
        """What the detector sees, as often as ``oversampling`` says."""
        return round(self.detector.image_size * self.oversampling)

    def find(self, rows: Sequence[LedgerRow], pictures: Sequence[Decoded]) -> list[Findings]:
        """Findings for each picture, by looking at it."""
        found = self.detector.detect([picture.pixels for picture in pictures])
        return [
            Findings([in_whole_picture(face, picture) for face in faces])
            for faces, picture in zip(found, pictures, strict=True)
        ]


def in_whole_picture(face: Detection, seen: Decoded) -> Detection:
    """A face found in the decoded pixels, in pixels of the whole picture; numbers are rounded."""
    factor, left, top = seen.factor, seen.left, seen.top
    return rounded(_mapped(face, lambda x, y: (x * factor - left, y * factor - top)))


def rounded(face: Detection) -> Detection:
    """A face with the decimals that count, whoever found it."""
    kept = _mapped(face, lambda x, y: (round(x, PIXEL_DECIMALS), round(y, PIXEL_DECIMALS)))
    return replace(kept, score=round(face.score, SCORE_DECIMALS))


def _mapped(face: Detection, place: Callable[[float, float], Point]) -> Detection:
    x0, y0, x1, y1 = face.bbox_xyxy
    landmarks: Landmarks | None = None
    if face.landmarks is not None:
        one, two, three, four, five = (place(x, y) for x, y in face.landmarks)
        landmarks = one, two, three, four, five
    return Detection((*place(x0, y0), *place(x1, y1)), face.score, landmarks)
