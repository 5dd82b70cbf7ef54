import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from facecaption_assets.attributes.annotators import FaceCrop
from facecaption_assets.attributes.composition import assign_speakers, compose_evidence
from facecaption_assets.attributes.labelling import face_crop
from facecaption_assets.attributes.registry import load_annotators
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.attributes.states import attribute_state
from facecaption_assets.faces.cropping import crop_place, cut
from facecaption_assets.faces.loading import load_detector
from facecaption_assets.faces.settings import FaceSettings
from facecaption_assets.models import ModelStore
from facecaption_assets.profiles import embedded
from facecaption_assets.shards.images import decode_rgb


@pytest.mark.parametrize(
    ("nose", "is_profile"),
    [((20.0, 15.0), False), ((11.0, 15.0), False), ((9.0, 15.0), True), ((31.0, 15.0), True)],
)
@pytest.mark.parametrize("turn", [0.0, 2.5])
def test_face_whose_nose_points_past_an_eye_is_a_profile(
    nose: tuple[float, float], is_profile: bool, turn: float
) -> None:
    points = np.array([(10.0, 10.0), (30.0, 10.0), nose, (14.0, 30.0), (26.0, 30.0)])
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    pixels = np.zeros((40, 40, 3), np.uint8)
    assert FaceCrop("f", pixels, points @ rotation.T).is_profile is is_profile


def test_face_without_landmarks_is_not_taken_for_a_profile() -> None:
    assert not FaceCrop("f", np.zeros((40, 40, 3), np.uint8)).is_profile


@pytest.fixture(scope="module")
def real_store() -> ModelStore:
    return ModelStore(Path(os.environ.get("FACECAPTION_MODELS", ".cache/models")))


@pytest.fixture(scope="module")
def sample_faces(real_store: ModelStore) -> list[FaceCrop]:
    """A neutral portrait and a smiling selfie of the sample's first person, a woman."""
    settings = FaceSettings()
    detector = load_detector(settings, real_store, device="cpu")
    faces = []
    with zipfile.ZipFile(real_store.path("openpeople")) as archive:
        for name in ("studio_portrait", "amateur_selfie"):
            data = archive.read(f"openpeople/data/curated/P001/assets/{name}.jpg")
            picture = decode_rgb(data)
            ((found, *_),) = detector.detect([picture])
            place = crop_place(found, settings)
            row = {
                "face_id": name,
                "crop_matrix": place.matrix.ravel(),
                "landmarks": found.landmarks,
                "bbox_xyxy": found.bbox_xyxy,
            }
            faces.append(face_crop(row, cut(picture, place)))
    return faces


@pytest.mark.slow
def test_real_weights_see_what_a_person_sees(
    real_store: ModelStore, sample_faces: list[FaceCrop]
) -> None:
    settings = AttributeSettings()
    annotators = load_annotators(settings, real_store)
    answers = {each.name: each.annotate(sample_faces) for each in annotators}
    assert answers == {each.name: each.annotate(sample_faces) for each in annotators}
    speakers = assign_speakers(annotators, settings)
    portrait, selfie = (
        compose_evidence({n: a[i] for n, a in answers.items()}, speakers, settings).evidence
        for i in range(2)
    )
    for evidence in (portrait, selfie):
        assert evidence.probabilities["Black_Hair"] > 0.85
        assert evidence.age_years is not None and 20 < evidence.age_years < 45
        for absent in ("Male", "Eyeglasses", "Wearing_Hat", "Bald", "Bangs", "Blond_Hair"):
            assert evidence.probabilities[absent] < 0.15, absent
    smiles = [
        attribute_state("Smiling", evidence.probabilities["Smiling"], embedded().attributes)
        for evidence in (portrait, selfie)
    ]
    assert smiles == [False, True]
    assert portrait.probabilities["Mouth_Slightly_Open"] < 0.15


@pytest.mark.slow
def test_mediapipe_is_quiet_from_loading_to_exit(real_store: ModelStore) -> None:
    code = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from facecaption_assets.attributes.annotators import FaceCrop\n"
        "from facecaption_assets.attributes.blendshapes import BlendshapeAnnotator\n"
        "annotator = BlendshapeAnnotator(Path(sys.argv[1]))\n"
        "annotator.annotate([FaceCrop('f', np.zeros((90, 90, 3), np.uint8))])\n"
    )
    weights = str(real_store.path("face-landmarker"))
    done = subprocess.run([sys.executable, "-c", code, weights], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
