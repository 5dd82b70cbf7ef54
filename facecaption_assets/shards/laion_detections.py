"""``sample2detect_{i}.pth`` → the rows of ``laion_face_detections``, and looking rows up there.

LAION-Face's authors ran RetinaFace over the pictures and published what it found: a dict from
SAMPLE_ID to faces, each a box, five landmarks and a score.
Source: https://github.com/FacePerceiver/LAION-Face, README.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from facecaption_assets.long_table_search import rows_with
from facecaption_assets.long_tables import LongTableWriter
from facecaption_assets.provenance import Provenance, stage_hash
from facecaption_assets.schema import LAION_FACE_DETECTIONS
from facecaption_assets.shards.laion_inputs import file_versions
from facecaption_assets.shards.laion_settings import LaionSettings
from facecaption_assets.shards.pth_files import UnsafeFile, read_pth
from facecaption_assets.shards.sources import SourceError
from facecaption_assets.storage import Storage

ASSET: Final = "laion_face_detections"

_VERSION: Final = 2

#: Pictures whose faces are written together.
_PICTURES: Final = 20_000


def stage_identity(settings: LaionSettings) -> str:
    """Code version of ``laion_face_detections``."""
    return stage_hash(ASSET, _VERSION, settings.detections)


def build_detections(
    storage: Storage, settings: LaionSettings, part: str, code_version: str
) -> Provenance:
    """Commit what the authors found in the pictures of one part.

    The file is opened as a whole and takes gigabytes; the setting ``detections`` says where it is.

    Raises:
        SourceError: If the file is not there or cannot be trusted.
    """
    path = Path(settings.detections) / f"sample2detect_{int(part)}.pth"
    if not settings.detections or not path.is_file():
        raise SourceError(
            f"the setting [laion] detections is {settings.detections!r}: {path.name} is not there"
        )
    versions = file_versions([path])
    with storage.staging(ASSET, part) as folder:
        writer = LongTableWriter(folder / "table.parquet", LAION_FACE_DETECTIONS.arrow)
        try:
            counts = write_detections(path, writer)
        except UnsafeFile as error:
            raise SourceError(f"the setting [laion] detections: {error}") from error
        return storage.commit_long(
            writer,
            Provenance(
                asset=ASSET,
                partition=part,
                code_version=code_version,
                input_versions=versions,
                counts=counts,
            ),
        )


def read_detections(storage: Storage, part: str, sample_ids: NDArray[np.int64]) -> pa.Table:
    """A built part's rows of some pictures, sorted by ``sample_id``; the rest stays on disk."""
    with storage.table_path(ASSET, part).open("rb") as file:
        return rows_with(file, "sample_id", sample_ids)


def write_detections(path: Path, writer: LongTableWriter) -> dict[str, int]:
    """Write a file's faces in the order of their ids; return rows by status, and the pictures.

    Every id has a row at least: without a face, or with one that is not a box, five points and a
    score, the row says so.

    Raises:
        UnsafeFile: If the file is not plain data, or not a dict from whole numbers.
    """
    detections = read_pth(path)
    if not isinstance(detections, dict) or not all(isinstance(key, int) for key in detections):
        raise UnsafeFile(f"{path} is not a dict from SAMPLE_IDs to faces")
    counts: Counter[str] = Counter()
    ids = sorted(detections)
    for start in tqdm(
        range(0, len(ids), _PICTURES), desc="write detections", disable=None, leave=False
    ):
        rows = [row for i in ids[start : start + _PICTURES] for row in _rows(i, detections[i])]
        counts.update(str(row["status"]) for row in rows)
        writer.append(LAION_FACE_DETECTIONS.from_rows(rows))
    return {"pictures": len(ids), **counts}


def _rows(sample_id: int, faces: Any) -> Iterator[dict[str, object]]:
    try:
        found = list(faces)
    except TypeError:
        message = f"faces are {type(faces).__name__}, not a list"
        yield {"sample_id": sample_id, "status": "malformed", "error_message": message}
        return
    if not found:
        yield {"sample_id": sample_id, "status": "no_face"}
    for index, face in enumerate(found):
        place = {"sample_id": sample_id, "face_index": index}
        try:
            yield place | {"status": "found", **_numbers(face)}
        except (TypeError, ValueError) as error:
            yield place | {"status": "malformed", "error_message": str(error)}


def _numbers(face: Any) -> dict[str, object]:
    box, landmarks, score = face
    corners = np.asarray(box, np.float32)
    points = np.asarray(landmarks, np.float32)
    confidence = float(score)
    if corners.shape != (4,) or points.shape != (5, 2):
        raise ValueError(f"a box of shape {corners.shape}, landmarks of shape {points.shape}")
    if not (np.isfinite(corners).all() and np.isfinite(points).all() and 0 <= confidence <= 1):
        raise ValueError(f"box {corners.tolist()} or landmarks not finite, or score {score}")
    return {
        "bbox_xyxy": corners.tolist(),
        "landmarks": points.tolist(),
        "det_score": confidence,
    }
