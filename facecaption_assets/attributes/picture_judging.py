"""Pictures of a folder through detector, crop and annotators, as the dataset's own stages do it.

For measuring and calibrating on labelled pictures that are no part of the dataset. What they are
compared with belongs to ``evaluation``.
"""

import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from facecaption_assets.attributes.annotators import Annotator
from facecaption_assets.attributes.dataset_evaluation import main_faces
from facecaption_assets.attributes.labelling import label_faces
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.faces.detection import Detector
from facecaption_assets.faces.face_crops import build_face_crops
from facecaption_assets.faces.finding import DetectorFinder
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.schema import FACE_ATTRIBUTES, FACE_CROPS, RAW_SHARDS
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.shards.tars import read_pictures

#: Pictures whose crops lie on disk at one time.
_CHUNK: Final = 256

_Row = dict[str, Any]


@dataclass(frozen=True)
class PictureJudge:
    """Judges whole pictures by their largest face.

    Attributes:
        detector: Finds the faces; None where the pictures are crops as ``face_crops`` cuts them:
            upright, the face's box in the middle, its side that of the picture over the margin.
        annotators: Judge the crops.
        faces: How faces are cut out.
        attributes: How they are labelled.
    """

    detector: Detector | None
    annotators: Sequence[Annotator]
    faces: FaceSettings
    attributes: AttributeSettings

    def judge(self, paths: Sequence[Path]) -> pa.Table:
        """One FACE_ATTRIBUTES row per picture, in order.

        A picture without a face, or one that cannot be decoded, is a row that says so.

        Raises:
            OSError: If a file cannot be read.
        """
        with tqdm(desc="pictures", total=len(paths), disable=None, leave=False) as progress:
            tables = []
            for start in range(0, len(paths), _CHUNK):
                chunk = paths[start : start + _CHUNK]
                tables.append(self._judge(chunk, start))
                progress.update(len(chunk))
        return pa.concat_tables([FACE_ATTRIBUTES.arrow.empty_table(), *tables])

    def _judge(self, paths: Sequence[Path], start: int) -> pa.Table:
        pictures = [
            (f"picture-{start + offset:08d}", path.read_bytes())
            for offset, path in enumerate(paths)
        ]
        with tempfile.TemporaryDirectory() as folder:
            crops, pixels = self._crops(pictures, Path(folder) / "crops.tar")
        table = label_faces(crops, pixels, self.annotators, self.attributes, OptOut.none())
        judged = {row["key"]: row for row in table.to_pylist()}
        return FACE_ATTRIBUTES.from_rows([judged.get(key) or _faceless(key) for key, _ in pictures])

    def _crops(
        self, pictures: list[tuple[str, bytes]], tar_path: Path
    ) -> tuple[pa.Table, list[tuple[str, bytes]]]:
        """FACE_CROPS rows of the largest faces, and their encoded crops by face_id."""
        if self.detector is None:
            rows = [self._crop_row(key, data) for key, data in pictures]
            return FACE_CROPS.from_rows(rows), [(f"{key}-0", data) for key, data in pictures]
        raw = RAW_SHARDS.from_rows([_raw_row(key) for key, _ in pictures])
        found = build_face_crops(
            raw, pictures, DetectorFinder(self.detector), self.faces, OptOut.none(), tar_path
        )
        kept = found.filter(pc.equal(found["status"], "kept"))
        main = main_faces(kept.select(["key", "face_id", "bbox_xyxy"]).to_pylist())
        largest = kept.filter(pc.is_in(kept["face_id"], pa.array(main.values(), pa.string())))
        with tar_path.open("rb") as tar:
            return largest, list(read_pictures(tar))

    def _crop_row(self, key: str, data: bytes) -> _Row:
        row = {"face_id": f"{key}-0", "key": key, "split_group": key, "status": "kept"}
        try:
            width, height = Image.open(io.BytesIO(data)).size
        except (UnidentifiedImageError, OSError):
            return row  # Labelling says what is wrong with it.
        half = min(width, height) / self.faces.margin / 2
        box = [width / 2 - half, height / 2 - half, width / 2 + half, height / 2 + half]
        return row | {"bbox_xyxy": box, "crop_matrix": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]}


def _raw_row(key: str) -> _Row:
    return {"key": key, "url": f"file:{key}", "split_group": key, "status": "success"}


def _faceless(key: str) -> _Row:
    return {
        "face_id": f"{key}-0",
        "key": key,
        "split_group": key,
        "status": "failed_to_annotate",
        "error_message": "no face was kept",
        "num_positive": 0,
        "resolved_conflicts": [],
    }
