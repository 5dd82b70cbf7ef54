"""A shard's pictures → the rows of ``face_crops`` and a tar of the kept crops.

How a face is found belongs to ``finding``, how it is judged and cut to ``cropping``.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from PIL import Image
from tqdm import tqdm

from facecaption_assets.faces.cropping import crop_face, drop_reason
from facecaption_assets.faces.detection import Detection, RgbImage, rank_faces
from facecaption_assets.faces.edges import canny_edge_density
from facecaption_assets.faces.finding import FaceFinder
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.models import ModelStore
from facecaption_assets.provenance import stage_hash
from facecaption_assets.schema import FACE_CROPS
from facecaption_assets.shards.images import ImageDecodeError, decode_rgb
from facecaption_assets.shards.opt_out import OptOut, left_out_by
from facecaption_assets.shards.opt_out_entries import Kind
from facecaption_assets.shards.perceptual_hash import hash_pixels
from facecaption_assets.shards.tars import TarWriter

_VERSION: Final = 2

#: A batch ends early at this many pixels: eight of the largest pictures would not fit into memory.
_BATCH_PIXELS: Final = 100_000_000

_Row = dict[str, Any]


@dataclass(frozen=True)
class _Picture:
    """A fetched picture: decoded, or with the reason why nobody looks for its faces."""

    row: _Row
    pixels: RgbImage | None = None
    drop_reason: str | None = None
    error_message: str | None = None


def stage_identity(settings: FaceSettings, store: ModelStore) -> str:
    """Code version of ``face_crops``: the settings that matter, and the weights where used."""
    weights = None if settings.are_published else store.identity(settings.detector)
    return stage_hash("face_crops", _VERSION, weights, settings.decisive)


def build_face_crops(
    raw: pa.Table,
    pictures: Iterable[tuple[str, bytes]],
    finder: FaceFinder,
    settings: FaceSettings,
    opt_out: OptOut,
    tar_path: Path,
) -> pa.Table:
    """Find, judge and cut out the faces of a shard.

    Args:
        raw: Rows of RAW_SHARDS whose status is ``success``.
        pictures: Key and bytes of their pictures, in the order of ``raw``. Other keys are passed
            over; a row without bytes becomes ``failed_to_decode``.
        finder: Finds the faces.
        settings: How they are judged and cut.
        opt_out: Pictures that are not looked at, and faces that are not kept.
        tar_path: Local file for the kept crops: ``<face_id>.jpg`` and ``<face_id>.json``, in the
            order of the rows.

    Returns:
        FACE_CROPS rows in the order of ``raw``, at least one for each of its rows; the faces of a
        picture by descending score.

    Raises:
        ValueError: If the pictures are not in the order of the rows.
    """
    rows: list[_Row] = []
    read = _read(raw.to_pylist(), pictures, opt_out)
    shown = tqdm(read, desc="Finding faces", total=len(raw), disable=None, leave=False)
    with TarWriter(tar_path) as tar:
        for batch in _batches(shown, settings.batch_size):
            for picture, faces in _find(batch, finder):
                rows.extend(_picture_rows(picture, faces, settings, opt_out, tar))
    return FACE_CROPS.from_rows(rows)


def _read(
    rows: list[_Row], pictures: Iterable[tuple[str, bytes]], opt_out: OptOut
) -> Iterator[_Picture]:
    index_of = {row["key"]: index for index, row in enumerate(rows)}
    position = 0
    for key, data in pictures:
        index = index_of.get(key)
        if index is None:
            continue
        if index < position:
            raise ValueError(f"picture {key} is out of order, or in the tar twice")
        yield from map(_absent, rows[position:index])
        yield _decode(rows[index], data, opt_out)
        position = index + 1
    yield from map(_absent, rows[position:])


def _absent(row: _Row) -> _Picture:
    return _Picture(row, None, "failed_to_decode", "the shard's tar has no picture of this key")


def _decode(row: _Row, data: bytes, opt_out: OptOut) -> _Picture:
    if (kind := opt_out.covering_row(row)) is not None:
        return _Picture(row, None, "opted_out", left_out_by(kind))
    try:
        return _Picture(row, decode_rgb(data))
    except ImageDecodeError as error:
        return _Picture(row, None, "failed_to_decode", str(error))


def _batches(pictures: Iterable[_Picture], size: int) -> Iterator[list[_Picture]]:
    batch: list[_Picture] = []
    pixels = 0
    for picture in pictures:
        batch.append(picture)
        pixels += 0 if picture.pixels is None else picture.pixels[..., 0].size
        if len(batch) == size or pixels >= _BATCH_PIXELS:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _find(batch: list[_Picture], finder: FaceFinder) -> Iterator[tuple[_Picture, list[Detection]]]:
    visible = [(p.row, p.pixels) for p in batch if p.pixels is not None]
    found = iter(finder.find([row for row, _ in visible], [pixels for _, pixels in visible]))
    for picture in batch:
        if picture.pixels is None:
            yield picture, []
        else:
            height, width = picture.pixels.shape[:2]
            findings = next(found)
            reason, message = findings.drop_reason, findings.error_message
            yield (
                replace(picture, drop_reason=reason, error_message=message),
                rank_faces(findings.faces, width, height),
            )


def _picture_rows(
    picture: _Picture,
    faces: list[Detection],
    settings: FaceSettings,
    opt_out: OptOut,
    tar: TarWriter,
) -> Iterator[_Row]:
    row = {name: picture.row[name] for name in ("key", "alt_text", "split_group")}
    if picture.pixels is None or not faces:
        yield row | {
            "status": "dropped",
            "drop_reason": picture.drop_reason,
            "error_message": picture.error_message,
            "original_width": picture.row["original_width"],
            "original_height": picture.row["original_height"],
        }
        return
    for number, face in enumerate(faces):
        face_id = f"{picture.row['key']}-{number}"
        found = row | {"face_id": face_id} | _found(face, picture.pixels)
        if (kind := opt_out.covering(face_id)) is not None:
            yield found | _left_out(kind)
        elif (reason := drop_reason(face, settings)) is not None:
            yield found | {"status": "dropped", "drop_reason": reason}
        else:
            yield found | _store(face_id, face, picture.pixels, settings, opt_out, tar)


def _left_out(kind: Kind) -> _Row:
    return {"status": "dropped", "drop_reason": "opted_out", "error_message": left_out_by(kind)}


def _found(face: Detection, image: RgbImage) -> _Row:
    height, width = image.shape[:2]
    left, top, right, bottom = face.bbox_xyxy
    return {
        "det_score": face.score,
        "bbox_xyxy": [left, top, right, bottom],
        "bbox_rel": [left / width, top / height, right / width, bottom / height],
        "landmarks": face.landmarks and [list(point) for point in face.landmarks],
        "original_width": width,
        "original_height": height,
    }


def _store(
    face_id: str,
    face: Detection,
    image: RgbImage,
    settings: FaceSettings,
    opt_out: OptOut,
    tar: TarWriter,
) -> _Row:
    crop = crop_face(image, face, settings)
    buffer = io.BytesIO()
    # Full colour resolution: lips and eyes are a few pixels wide and told by their colour.
    Image.fromarray(crop.pixels).save(
        buffer, "JPEG", quality=settings.jpeg_quality, subsampling="4:4:4"
    )
    data = buffer.getvalue()
    hashes = {"sha256": hashlib.sha256(data).hexdigest(), "phash": hash_pixels(crop.pixels)}
    if (kind := opt_out.covering_row(hashes)) is not None:
        return hashes | _left_out(kind)
    record = {
        "face_id": face_id,
        "det_score": face.score,
        "bbox_xyxy": face.bbox_xyxy,
        "landmarks": face.landmarks,
    }
    tar.add(f"{face_id}.jpg", data)
    tar.add(f"{face_id}.json", json.dumps(record, sort_keys=True).encode())
    return hashes | {
        "status": "kept",
        "width": crop.pixels.shape[1],
        "height": crop.pixels.shape[0],
        "crop_matrix": crop.matrix.ravel().tolist(),
        "canny_edge_density": canny_edge_density(crop.pixels),
    }
