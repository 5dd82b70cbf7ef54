"""``sample2detect_{i}.pth`` → the rows of ``laion_face_detections``.

LAION-Face's authors ran RetinaFace over the pictures and published what it found: a dict from
SAMPLE_ID to faces, each a box, five landmarks and a score.
Source: https://github.com/FacePerceiver/LAION-Face, README.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from facecaption_assets.long_tables import ROWS_PER_GROUP, LongTableWriter
from facecaption_assets.schema import LAION_FACE_DETECTIONS
from facecaption_assets.shards.pth_files import UnsafeFile, read_pth


def write_detections(path: Path, writer: LongTableWriter) -> int:
    """Write a file's faces in the order of their ids; return the number of pictures.

    Every id has a row at least: without a face, or with one that is not a box, five points and a
    score, the row says so.

    Raises:
        UnsafeFile: If the file is not plain data, or not a dict from whole numbers.
    """
    detections = read_pth(path)
    if not isinstance(detections, dict) or not all(isinstance(key, int) for key in detections):
        raise UnsafeFile(f"{path} is not a dict from SAMPLE_IDs to faces")
    rows: list[dict[str, object]] = []
    for sample_id in sorted(detections):
        rows += _rows(sample_id, detections[sample_id])
        if len(rows) >= ROWS_PER_GROUP:
            writer.append(LAION_FACE_DETECTIONS.from_rows(rows))
            rows = []
    writer.append(LAION_FACE_DETECTIONS.from_rows(rows))
    return len(detections)


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
