"""One picture and its faces → rows of ``face_crops`` and the files of the kept crops.

Works on one picture alone, so that pictures can be worked on side by side. Reading, detecting and
writing belong to ``face_crops``.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from PIL import Image

from facecaption_assets.faces.cropping import Place, crop_place, cut
from facecaption_assets.faces.detection import Detection, RgbImage
from facecaption_assets.faces.edges import canny_edges
from facecaption_assets.faces.judging import reason_by_pixels, reason_by_position
from facecaption_assets.faces.pixel_evidence import pixel_evidence
from facecaption_assets.faces.position_evidence import PositionEvidence, position_evidence
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.shards.images import Decoded, ImageDecodeError, decode_rgb
from facecaption_assets.shards.opt_out import OptOut, left_out_by
from facecaption_assets.shards.opt_out_entries import Kind
from facecaption_assets.shards.perceptual_hash import hash_pixels

Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Picture:
    """A fetched picture: decoded, or with the reason why nobody looks for its faces.

    Attributes:
        row: Its row of RAW_SHARDS.
        data: Its bytes, where it was decoded smaller than it is.
        decoded: Its pixels, as many as its faces are looked for in.
        drop_reason: Why there is no face, if there is none.
        error_message: More of that reason.
    """

    row: Row
    data: bytes = b""
    decoded: Decoded | None = None
    drop_reason: str | None = None
    error_message: str | None = None


@dataclass
class FaceRow:
    """A row of FACE_CROPS and the files that belong to it, by extension; kept until dropped."""

    row: Row
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def is_kept(self) -> bool:
        """Whether nothing speaks against the face so far."""
        return bool(self.row["status"] == "kept")

    def drop(self, reason: str | None, message: str | None = None) -> None:
        """Say why the face, or the picture, is not kept."""
        self.row |= {"status": "dropped", "drop_reason": reason, "error_message": message}

    def leave_out(self, kind: Kind) -> None:
        """Drop it because an entry of the opt-out list, of this kind, covers it."""
        self.drop("opted_out", left_out_by(kind))


def picture_rows(
    picture: Picture, faces: Sequence[Detection], settings: FaceSettings, opt_out: OptOut
) -> list[FaceRow]:
    """The rows of one picture: one for each face, or one that says why there is none.

    Args:
        picture: The picture.
        faces: Its faces in the order that numbers them, in pixels of the whole picture.
        settings: How they are judged and cut.
        opt_out: Faces that are not kept.
    """
    row = {name: picture.row[name] for name in ("key", "alt_text", "split_group")}
    seen = picture.decoded
    if seen is None or not faces:
        sizes = {name: picture.row[name] for name in ("original_width", "original_height")}
        faceless = FaceRow(row | sizes)
        faceless.drop(picture.drop_reason, picture.error_message)
        return [faceless]
    places = [crop_place(face, settings) for face in faces]
    evidence = position_evidence(faces, places, seen.width, seen.height)
    rows = []
    for number, (face, spoken) in enumerate(zip(faces, evidence, strict=True)):
        face_id = f"{picture.row['key']}-{number}"
        found = FaceRow(row | {"face_id": face_id, "status": "kept"} | _found(face, spoken, seen))
        if (kind := opt_out.covering(face_id)) is not None:
            found.leave_out(kind)
        elif (reason := reason_by_position(face, spoken, settings)) is not None:
            found.drop(reason)
        rows.append(found)
    kept = [c for c in zip(rows, faces, places, strict=True) if c[0].is_kept]
    if kept:
        _cut_faces(kept, picture, seen, settings, opt_out)
    return rows


def _found(face: Detection, evidence: PositionEvidence, seen: Decoded) -> Row:
    left, top, right, bottom = face.bbox_xyxy
    width, height = seen.width, seen.height
    return {
        "det_score": face.score,
        "bbox_xyxy": [left, top, right, bottom],
        "bbox_rel": [left / width, top / height, right / width, bottom / height],
        "landmarks": face.landmarks and [list(point) for point in face.landmarks],
        "original_width": width,
        "original_height": height,
        **asdict(evidence),
    }


def _cut_faces(
    kept: Sequence[tuple[FaceRow, Detection, Place]],
    picture: Picture,
    seen: Decoded,
    settings: FaceSettings,
    opt_out: OptOut,
) -> None:
    """Complete rows from all of the picture's pixels, or drop them for what is seen there."""
    try:
        image = seen.pixels if seen.factor == 1 else decode_rgb(picture.data)
    except ImageDecodeError as error:
        for found, _, _ in kept:
            found.drop("failed_to_decode", str(error))
        return
    for found, face, place in kept:
        crop = cut(image, place)
        edges = canny_edges(crop)
        evidence = pixel_evidence(crop, edges, face.bbox_xyxy, place)
        found.row |= asdict(evidence)
        if (reason := reason_by_pixels(evidence, settings)) is not None:
            found.drop(reason)
            continue
        _store(found, face, place, crop, settings, opt_out)
        if found.is_kept and settings.store_edge_maps:
            found.files["canny.png"] = _encoded(edges, "PNG")


def _store(
    found: FaceRow,
    face: Detection,
    place: Place,
    crop: RgbImage,
    settings: FaceSettings,
    opt_out: OptOut,
) -> None:
    # Full colour resolution: lips and eyes are a few pixels wide and told by their colour.
    data = _encoded(crop, "JPEG", quality=settings.jpeg_quality, subsampling="4:4:4")
    found.row |= {"sha256": hashlib.sha256(data).hexdigest(), "phash": hash_pixels(crop)}
    if (kind := opt_out.covering_row(found.row)) is not None:
        found.leave_out(kind)
        return
    found.files |= {"jpg": data, "json": _record(found.row["face_id"], face)}
    found.row |= {
        "width": place.width,
        "height": place.height,
        "crop_matrix": place.matrix.ravel().tolist(),
    }


def _encoded(pixels: Any, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def _record(face_id: str, face: Detection) -> bytes:
    """The geometry beside a crop, as JSON; no text of the web."""
    record = {
        "face_id": face_id,
        "det_score": face.score,
        "bbox_xyxy": face.bbox_xyxy,
        "landmarks": face.landmarks,
    }
    return json.dumps(record, sort_keys=True).encode()
