"""CPU time of the embedded annotators per face crop, in batches, and where it goes.

The crops are faces of the sample's single portraits, cut by the embedded detector.
"""

import io
import os
import zipfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from facecaption_assets.attributes.annotators import Annotator, FaceCrop
from facecaption_assets.attributes.labelling import face_crop
from facecaption_assets.attributes.registry import load_annotators
from facecaption_assets.faces.cropping import crop_place, cut
from facecaption_assets.faces.loading import load_detector
from facecaption_assets.models import ModelStore
from facecaption_assets.profiles import embedded
from facecaption_assets.shards.images import decode_rgb
from tests.benchmarks.results import Result, cpu_seconds

PORTRAITS = ("_selfie.jpg", "_portrait.jpg", "_posture.jpg")
NUM_CROPS = 16
TARGET_MS = 150.0

EncodedFace = tuple[dict[str, object], bytes]


def run() -> list[Result]:
    """CPU milliseconds per crop, all annotators together, with each one's part."""
    store = ModelStore(Path(os.environ.get("FACECAPTION_MODELS", ".cache/models")))
    settings = embedded().attributes
    encoded = list(islice(_encoded_faces(store), NUM_CROPS))
    faces = _decode(encoded)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # Threads that wait for others burn CPU time of their own.
    parts = {"decoding": _ms_per_crop(lambda: _decode(encoded))}
    for annotator in load_annotators(settings, store):
        parts[annotator.name] = _ms_per_crop(_in_batches(annotator, faces, settings.batch_size))
    torch.set_num_threads(threads)
    return [
        Result(
            "attributes_cpu_ms",
            sum(parts.values()),
            "ms per crop",
            "lower",
            TARGET_MS,
            "faces of the sample's portraits, one thread of PyTorch",
            {
                **{name: f"{value:.1f}" for name, value in parts.items()},
                "crops": len(encoded),
                "batch": settings.batch_size,
            },
        )
    ]


def _encoded_faces(store: ModelStore) -> Iterator[EncodedFace]:
    """Rows and pictures as the stage gets them."""
    settings = embedded().faces
    detector = load_detector(settings, store)
    with zipfile.ZipFile(store.path("openpeople")) as archive:
        for name in sorted(n for n in archive.namelist() if n.endswith(PORTRAITS)):
            picture = decode_rgb(archive.read(name))
            for face in detector.detect([picture])[0]:
                place = crop_place(face, settings)
                row: dict[str, object] = {
                    "face_id": name,
                    "landmarks": face.landmarks,
                    "bbox_xyxy": face.bbox_xyxy,
                    "crop_matrix": place.matrix.ravel().tolist(),
                }
                yield row, _encode(cut(picture, place))


def _encode(pixels: NDArray[np.uint8]) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, "JPEG", quality=95)
    return sink.getvalue()


def _decode(encoded: list[EncodedFace]) -> list[FaceCrop]:
    return [face_crop(row, decode_rgb(data)) for row, data in encoded]


def _in_batches(annotator: Annotator, faces: list[FaceCrop], size: int) -> Callable[[], object]:
    starts = range(0, len(faces), size)
    return lambda: [annotator.annotate(faces[start : start + size]) for start in starts]


def _ms_per_crop(work: Callable[[], object]) -> float:
    return 1000 * cpu_seconds(work, repeats=3) / NUM_CROPS
