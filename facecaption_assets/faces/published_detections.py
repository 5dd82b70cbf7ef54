"""Faces that LAION-Face's authors published, in the place of a detector.

They are looked up by the SAMPLE_ID in a picture's metadata and moved into the picture that is
stored here; where that lies belongs to ``placing``, how the files are read to
``shards.laion_detections``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from facecaption_assets.faces.detection import Detection, detection_from
from facecaption_assets.faces.finding import Findings, LedgerRow, rounded
from facecaption_assets.faces.placing import AnotherPicture, Size, place, placement
from facecaption_assets.shards.images import Decoded
from facecaption_assets.shards.laion_detections import read_detections
from facecaption_assets.storage import Storage

NOT_IN_DETECTIONS: Final = Findings((), "not_in_detections", "sample2detect has no such SAMPLE_ID")


@dataclass(frozen=True)
class PublishedDetections:
    """The published faces of a shard's pictures.

    Attributes:
        table: Rows of LAION_FACE_DETECTIONS, sorted by ``sample_id``.
    """

    table: pa.Table

    @classmethod
    def of_shard(cls, storage: Storage, part: str, raw: pa.Table) -> Self:
        """What a part's table says of the pictures of a shard.

        Args:
            storage: Data root; ``laion_face_detections`` of the part is built.
            part: The part that the shard comes from.
            raw: Rows of RAW_SHARDS.
        """
        ids = [_metadata(row)["sample_id"] for row in raw.select(["metadata"]).to_pylist()]
        return cls(read_detections(storage, part, np.asarray(ids, np.int64)))

    @property
    def least_side(self) -> int:
        """Nobody looks at the pixels: they are decoded only to see that they can be."""
        return 1

    def find(self, rows: Sequence[LedgerRow], pictures: Sequence[Decoded]) -> list[Findings]:
        """Findings for each picture, without looking at it.

        A picture without a face says whether the authors looked at it and found none
        (``no_face``), did not look (``not_in_detections``), or looked at another one
        (``detections_do_not_fit``).
        """
        ids = self.table["sample_id"].to_numpy()
        return [self._find(ids, row, seen) for row, seen in zip(rows, pictures, strict=True)]

    def _find(self, ids: NDArray[np.int64], row: LedgerRow, picture: Decoded) -> Findings:
        metadata = _metadata(row)
        start, end = np.searchsorted(ids, [metadata["sample_id"], metadata["sample_id"] + 1])
        if start == end:
            return NOT_IN_DETECTIONS
        published = self.table.slice(start, end - start).to_pylist()
        faces = [face for face in published if face["status"] == "found"]
        if not faces:
            return _without_face(published)
        try:
            seen = _size_that_laion_saw(metadata)
            upright = Size(row["original_width"], row["original_height"])
            stored = Size(picture.width, picture.height)
            matrix = placement(seen, upright, row["exif_orientation"] or 1, stored)
            placed = [_placed(face, matrix, seen) for face in faces]
        except AnotherPicture as error:
            return Findings((), "detections_do_not_fit", str(error))
        return Findings(placed, "no_face", "no published face is as large as a pixel")


def _metadata(row: LedgerRow) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(row["metadata"])
    return found


def _without_face(published: Sequence[Mapping[str, Any]]) -> Findings:
    malformed = sum(face["status"] == "malformed" for face in published)
    if malformed:
        return Findings((), "no_face", f"sample2detect has {malformed} malformed faces of it")
    return Findings((), "no_face", "sample2detect says that it has no face")


def _size_that_laion_saw(metadata: Mapping[str, Any]) -> Size:
    if "width" not in metadata or "height" not in metadata:
        raise AnotherPicture("LAION's metadata does not tell its size")
    return Size(metadata["width"], metadata["height"])


def _placed(face: Mapping[str, Any], matrix: NDArray[np.float64], seen: Size) -> Detection:
    corners = np.array(face["bbox_xyxy"], np.float64).reshape(2, 2)
    middle = corners.mean(axis=0)
    if (middle < 0).any() or (middle > seen).any() or (corners[1] <= corners[0]).any():
        box = [round(float(v), 1) for v in corners.ravel()]
        raise AnotherPicture(f"the box {box} is none within the {seen} px that LAION saw")
    # A turn may exchange the corners.
    moved = np.sort(place(matrix, corners), axis=0).ravel()
    points = place(matrix, np.array(face["landmarks"], np.float64))
    found = detection_from(moved.astype(np.float32), face["det_score"], points.astype(np.float32))
    return rounded(found)
