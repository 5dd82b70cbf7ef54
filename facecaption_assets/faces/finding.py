"""What can be asked for the faces of a shard's pictures, whoever looked at them and when.

A detector that looks now is wrapped here; faces that were published are in
``published_detections``. What becomes of a face belongs to ``cropping``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from facecaption_assets.faces.detection import Detection, Detector, RgbImage

#: A row of RAW_SHARDS.
LedgerRow: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Findings:
    """What is known of one picture's faces.

    Attributes:
        faces: In any order, in pixels of the picture that was given.
        drop_reason: What the picture is dropped for if it has no face: a reason of FACE_CROPS.
        error_message: More of that reason, where there is more to say.
    """

    faces: Sequence[Detection] = ()
    drop_reason: str = "no_face"
    error_message: str | None = None


class FaceFinder(Protocol):
    """Tells the faces of pictures."""

    def find(self, rows: Sequence[LedgerRow], images: Sequence[RgbImage]) -> list[Findings]:
        """Findings for each picture; ``rows`` and ``images`` are of the same pictures."""


@dataclass(frozen=True)
class DetectorFinder:
    """Asks a detector, which goes by the pixels alone."""

    detector: Detector

    def find(self, rows: Sequence[LedgerRow], images: Sequence[RgbImage]) -> list[Findings]:
        """Findings for each picture, by looking at it."""
        return [Findings(faces) for faces in self.detector.detect(images)]
