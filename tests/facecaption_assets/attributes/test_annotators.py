from pathlib import Path

import numpy as np
import pytest

from facecaption_assets.attributes.annotators import ANNOTATORS, FaceCrop, load_annotators
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.models import MODELS, ModelStore, ModelUnavailable


def test_unknown_annotator_is_refused_with_the_setting_and_the_known_names(tmp_path: Path) -> None:
    settings = AttributeSettings(annotators=("face_parsing", "celeba"))
    with pytest.raises(
        ValueError, match=r"AttributeSettings\.annotators names 'celeba'; known are face_parsing,"
    ):
        load_annotators(settings, ModelStore(tmp_path))


def test_default_annotators_are_known_and_their_weights_are_in_the_catalogue() -> None:
    assert set(AttributeSettings().annotators) <= ANNOTATORS.keys()
    assert {model for entry in ANNOTATORS.values() for model in entry.models} <= MODELS.keys()


@pytest.mark.parametrize("name", ANNOTATORS)
def test_missing_weights_name_the_setting(name: str, tmp_path: Path) -> None:
    store = ModelStore(tmp_path, entries={})
    with pytest.raises(ModelUnavailable, match=r"AttributeSettings\.annotators"):
        load_annotators(AttributeSettings(annotators=(name,)), store)


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
