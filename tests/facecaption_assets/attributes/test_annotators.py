from pathlib import Path

import pytest

from facecaption_assets.attributes.annotators import ANNOTATORS, load_annotators
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
