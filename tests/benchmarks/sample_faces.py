"""The embedded detector over the sample, held against its labelled faces.

The labels, ``tests/data/sample_faces.csv``, are the detector's own boxes in whole pixels, each
looked at in its picture, and the regions with people in the background, whose faces are small and
blurred. They tell how many faces are found, and whether one is found twice; how tightly a box
fits, they cannot tell. Also a labelled set to try ``facecaption calibrate-detector`` with::

    unzip openpeople-0.1.2-py3-none-any.whl
    facecaption calibrate-detector --images openpeople/data --boxes tests/data/sample_faces.csv
"""

import os
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from facecaption_assets.faces.calibration import OperatingPoint
from facecaption_assets.faces.labelled_pictures import judge_pictures, read_labels
from facecaption_assets.faces.loading import load_detector
from facecaption_assets.models import ModelStore
from facecaption_assets.profiles import embedded
from tests.benchmarks.results import Result

LABELS = Path(__file__).parent.parent / "data" / "sample_faces.csv"
PICTURES = "openpeople/data/"
MIN_IOU = 0.5


def count() -> dict[str, OperatingPoint]:
    """What the embedded detector finds at its ``min_score``, by kind of picture."""
    store = ModelStore(Path(os.environ.get("FACECAPTION_MODELS", ".cache/models")))
    settings = embedded().faces
    with TemporaryDirectory() as folder, zipfile.ZipFile(store.path("openpeople")) as archive:
        archive.extractall(folder, [n for n in archive.namelist() if n.startswith(PICTURES)])
        labels = read_labels(LABELS, Path(folder) / PICTURES)
        verdicts = judge_pictures(labels, LABELS, load_detector(settings, store), MIN_IOU)
    by_kind: dict[str, list[OperatingPoint]] = defaultdict(list)
    for name, picture in labels.items():
        kept = [v.is_face for v in verdicts[name] if v.score >= settings.min_score]
        found = sum(kept)
        by_kind[Path(name).stem].append(
            OperatingPoint(settings.min_score, found, len(kept) - found, len(picture.faces))
        )
    return {kind: _sum(points) for kind, points in sorted(by_kind.items())}


def _sum(points: Iterable[OperatingPoint]) -> OperatingPoint:
    counts = zip(*((p.threshold, p.found, p.false, p.expected) for p in points), strict=True)
    (threshold, *_), found, false, expected = counts
    return OperatingPoint(threshold, sum(found), sum(false), sum(expected))


def run() -> list[Result]:
    """Share of the sample's faces that are found, with found/expected by kind of picture."""
    kinds = count()
    whole = _sum(kinds.values())
    return [
        Result(
            "sample_faces_found",
            whole.found / (whole.expected + whole.false),
            "ratio",
            "higher",
            1.0,
            "faces that a person sees in the sample, plus false and second detections",
            {
                **{kind: f"{point.found}/{point.expected}" for kind, point in kinds.items()},
                "false": whole.false,
            },
        )
    ]
