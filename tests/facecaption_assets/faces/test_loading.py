import os
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from facecaption_assets.faces.alignment import roll_degrees
from facecaption_assets.faces.cropping import crop_place
from facecaption_assets.faces.detection import Detection, Detector, rank_faces
from facecaption_assets.faces.judging import reason_by_position
from facecaption_assets.faces.loading import load_detector
from facecaption_assets.faces.position_evidence import position_evidence
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.faces.ultralytics_setup import load_ultralytics
from facecaption_assets.models import ModelStore, ModelUnavailable
from facecaption_assets.shards.images import decode_rgb

SETTINGS = FaceSettings(min_side_px=96)


@pytest.fixture(scope="module")
def store() -> ModelStore:
    return ModelStore(Path(os.environ.get("FACECAPTION_MODELS", ".cache/models")))


def reason(face: Detection) -> str | None:
    place = crop_place(face, SETTINGS)
    (evidence,) = position_evidence([face], [place], 5000, 5000)
    return reason_by_position(face, evidence, SETTINGS)


@pytest.fixture(scope="module")
def detector(store: ModelStore) -> Detector:
    return load_detector(SETTINGS, store)


def test_the_published_weights_find_the_faces_of_real_photographs(detector: Detector) -> None:
    assets = load_ultralytics().ASSETS
    images = [decode_rgb((assets / name).read_bytes()) for name in ("bus.jpg", "zidane.jpg")]
    bus, zidane = detector.detect(images)
    assert len(bus) == len(zidane) == 2
    # One man leans forward in profile, the other's head is tilted a little.
    for face in zidane:
        assert face.score > 0.7
        roll = roll_degrees(face.landmarks, face.bbox_xyxy)
        assert roll is None or abs(roll) < 15
    assert [reason(face) for face in bus + zidane] == [
        "too_small",
        "too_small",
        None,
        None,
    ]


def test_unknown_weights_are_named_with_their_setting(store: ModelStore) -> None:
    with pytest.raises(ModelUnavailable, match=r"'no-such-net', wanted by FaceSettings\.detector"):
        load_detector(FaceSettings(detector="no-such-net"), store)


@pytest.mark.slow
def test_the_sample_has_the_faces_that_a_person_counts(
    store: ModelStore, detector: Detector
) -> None:
    """Portraits, selfies and postures show one face; sheets sixteen, or three large of six."""
    counts: dict[str, Counter[int]] = {}
    with zipfile.ZipFile(store.path("openpeople")) as archive:
        for name in sorted(n for n in archive.namelist() if n.endswith((".jpg", ".jpeg"))):
            image = decode_rgb(archive.read(name))
            faces = rank_faces(detector.detect([image])[0], image.shape[1], image.shape[0])
            kept = sum(reason(face) is None for face in faces)
            counts.setdefault(Path(name).stem, Counter())[kept] += 1
    assert counts == {
        "amateur_posture": {1: 10},
        "amateur_selfie": {1: 10},
        "studio_portrait": {1: 10},
        "studio_posture": {1: 10},
        "character_sheet": {3: 10},
        "emotions_sheet": {16: 10},
        "character_sheet_template": {0: 1},
        "emotions_sheet_template": {0: 1},
    }
