"""CPU time of BRISQUE per crop, without decoding, at the mean size of FaceCaption-15M's crops."""

import os
import zipfile
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from facecaption_assets.models import ModelStore
from facecaption_assets.quality.image_scoring.brisque import Brisque
from facecaption_assets.shards.images import decode_rgb
from tests.benchmarks.results import Result, cpu_seconds

SIDE_PX = 285
NUM_CROPS = 16
TARGET_MS = 10.0


def run() -> list[Result]:
    """CPU milliseconds per crop, with what the crops score."""
    store = ModelStore(Path(os.environ.get("FACECAPTION_MODELS", ".cache/models")))
    brisque = Brisque(store)
    crops = []
    with zipfile.ZipFile(store.path("openpeople")) as archive:
        names = sorted(
            n for n in archive.namelist() if n.endswith(("_selfie.jpg", "_portrait.jpg"))
        )
        for name in islice(names, NUM_CROPS):
            picture = decode_rgb(archive.read(name))
            side = min(picture.shape[:2])
            crops.append(
                cv2.resize(picture[:side, :side], (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
            )
    scores = [brisque.score(crop) for crop in crops]
    seconds = cpu_seconds(lambda: [brisque.score(crop) for crop in crops])
    return [
        Result(
            "brisque_cpu_ms",
            1000 * seconds / len(crops),
            "ms per crop",
            "lower",
            TARGET_MS,
            f"portraits of the sample, {SIDE_PX} px",
            {"crops": len(crops), "median_score": f"{np.median(scores):.1f}"},
        )
    ]
