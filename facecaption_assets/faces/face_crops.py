"""A shard's pictures → the rows of ``face_crops`` and a tar of the kept crops.

Three steps overlap: threads decode the pictures to come while the detector looks at a window of
them, and cut and encode the crops of those before. How a face is found belongs to ``finding``,
what becomes of one picture to ``face_rows``.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pyarrow as pa
from tqdm import tqdm

from facecaption_assets.faces.ahead import Bounds, ahead, windows
from facecaption_assets.faces.detection import Detection, rank_faces
from facecaption_assets.faces.face_rows import Picture, Row, picture_rows
from facecaption_assets.faces.finding import FaceFinder
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.models import ModelStore
from facecaption_assets.provenance import stage_hash
from facecaption_assets.schema import FACE_CROPS
from facecaption_assets.shards.images import ImageDecodeError, decode_reduced, reduction
from facecaption_assets.shards.opt_out import OptOut, left_out_by
from facecaption_assets.shards.tars import TarWriter

_VERSION: Final = 6

#: Decoding, detecting and cutting each hold pictures.
_STEPS: Final = 3


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
    read = _read(raw.to_pylist(), pictures, opt_out)
    shown = tqdm(read, desc="Finding faces", total=len(raw), disable=None, leave=False)
    bounds = Bounds(settings.window, settings.megapixels_in_flight * 1e6 / _STEPS)
    least_side = finder.least_side
    weigh = partial(_pixels, least_side=least_side)
    decode = partial(_decode, least_side=least_side)
    rows: list[Row] = []
    with _threads(settings.decoders) as pool, TarWriter(tar_path) as tar:
        decoded = ahead(pool, decode, shown, weigh, bounds)
        found = _find(windows(decoded, weigh, bounds), finder)
        made = ahead(
            pool,
            lambda both: picture_rows(*both, settings, opt_out),
            found,
            # All of a picture's pixels are decoded to cut a face.
            lambda both: _pixels(both[0], least_side=None),
            bounds,
        )
        for face in (face for of_picture in made for face in of_picture):
            rows.append(face.row)
            for extension, data in face.files.items():
                tar.add(f"{face.row['face_id']}.{extension}", data)
    return FACE_CROPS.from_rows(rows)


@contextmanager
def _threads(number: int) -> Iterator[ThreadPoolExecutor]:
    """Threads whose waiting work is dropped when the block is left."""
    pool = ThreadPoolExecutor(number or len(os.sched_getaffinity(0)))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _read(
    rows: list[Row], pictures: Iterable[tuple[str, bytes]], opt_out: OptOut
) -> Iterator[Picture]:
    index_of = {row["key"]: index for index, row in enumerate(rows)}
    position = 0
    for key, data in pictures:
        index = index_of.get(key)
        if index is None:
            continue
        if index < position:
            raise ValueError(f"picture {key} is out of order, or in the tar twice")
        yield from map(_absent, rows[position:index])
        yield _picture(rows[index], data, opt_out)
        position = index + 1
    yield from map(_absent, rows[position:])


def _absent(row: Row) -> Picture:
    message = "the shard's tar has no picture of this key"
    return Picture(row, drop_reason="failed_to_decode", error_message=message)


def _picture(row: Row, data: bytes, opt_out: OptOut) -> Picture:
    if (kind := opt_out.covering_row(row)) is not None:
        return Picture(row, drop_reason="opted_out", error_message=left_out_by(kind))
    return Picture(row, data)


def _pixels(picture: Picture, least_side: int | None) -> float:
    """Pixels that are decoded of a picture, by its ledger."""
    if picture.drop_reason is not None:
        return 0.0
    width, height = (picture.row[name] or 0 for name in ("width", "height"))
    factor = reduction(width, height, least_side) if picture.row["format"] == "jpg" else 1
    return float(width * height / factor**2)


def _decode(picture: Picture, least_side: int) -> Picture:
    if picture.drop_reason is not None:
        return picture
    try:
        decoded = decode_reduced(picture.data, least_side)
    except ImageDecodeError as error:
        return Picture(picture.row, drop_reason="failed_to_decode", error_message=str(error))
    # The bytes are needed again where these are not all the pixels.
    return Picture(picture.row, picture.data if decoded.factor > 1 else b"", decoded)


def _find(
    batches: Iterable[deque[Picture]], finder: FaceFinder
) -> Iterator[tuple[Picture, list[Detection]]]:
    for window in batches:
        seen = [(p.row, p.decoded) for p in window if p.decoded is not None]
        found = iter(finder.find([row for row, _ in seen], [decoded for _, decoded in seen]))
        del seen
        while window:
            picture = window.popleft()
            if picture.decoded is None:
                yield picture, []
                continue
            findings = next(found)
            reason, message = findings.drop_reason, findings.error_message
            width, height = picture.decoded.width, picture.decoded.height
            yield (
                replace(picture, drop_reason=reason, error_message=message),
                rank_faces(findings.faces, width, height),
            )
