from pathlib import Path

import pytest

from facecaption_assets.attributes.registry import (
    ANNOTATORS,
    annotators_of,
    announced_attributes,
    load_annotators,
    model_identities,
)
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.models import MODELS, ModelStore, ModelUnavailable


@pytest.mark.parametrize(
    ("setting", "settings"),
    [
        ("annotators", AttributeSettings(annotators=("face_parsing", "celeba"))),
        ("agreement", AttributeSettings(agreement=("face_parsing", "celeba"))),
        ("sources.Bald", AttributeSettings(sources={"Bald": ("celeba",)})),
    ],
)
def test_unknown_annotator_is_refused_with_the_setting_and_the_known_names(
    setting: str, settings: AttributeSettings, tmp_path: Path
) -> None:
    message = rf"AttributeSettings\.{setting} names 'celeba'; known are face_parsing, age_gender"
    with pytest.raises(ValueError, match=message):
        load_annotators(settings, ModelStore(tmp_path))


def test_source_that_cannot_judge_its_attribute_is_refused_with_those_that_can() -> None:
    settings = AttributeSettings(sources={"Smiling": ("age_gender",)})
    message = (
        r"sources\.Smiling names 'age_gender', which cannot judge it; "
        r"blendshapes, celeba_resnet50, clip_zero_shot can"
    )
    with pytest.raises(ValueError, match=message):
        annotators_of(settings)


def test_default_annotators_are_known_and_their_weights_are_in_the_catalogue() -> None:
    assert set(AttributeSettings().annotators) <= ANNOTATORS.keys()
    assert {model for entry in ANNOTATORS.values() for model in entry.models} <= MODELS.keys()


@pytest.mark.parametrize("name", ANNOTATORS)
def test_annotator_covers_attributes_of_celeba(name: str) -> None:
    covered = ANNOTATORS[name].covers()
    assert covered and set(covered) <= set(ATTRIBUTES)


@pytest.mark.parametrize("name", ["face_parsing", "age_gender", "blendshapes"])
def test_missing_weights_name_the_setting(name: str, tmp_path: Path) -> None:
    store = ModelStore(tmp_path, entries={})
    with pytest.raises(ModelUnavailable, match=r"AttributeSettings\.annotators"):
        load_annotators(AttributeSettings(annotators=(name,)), store)


@pytest.mark.parametrize(
    ("name", "setting"),
    [("celeba_resnet50", "celeba_weights"), ("clip_zero_shot", "clip_model")],
)
def test_model_that_the_user_must_name_and_does_not_is_asked_for(
    name: str, setting: str, tmp_path: Path
) -> None:
    settings = AttributeSettings(annotators=(name,), celeba_weights="", clip_model="")
    with pytest.raises(ModelUnavailable, match=rf"{name} needs AttributeSettings\.{setting}"):
        load_annotators(settings, ModelStore(tmp_path))


def test_weights_that_do_not_exist_are_named_with_the_setting(tmp_path: Path) -> None:
    settings = AttributeSettings(annotators=("celeba_resnet50",), celeba_weights="/no/best.pth")
    with pytest.raises(ModelUnavailable, match=r"'/no/best.pth', wanted by .*\.celeba_weights"):
        load_annotators(settings, ModelStore(tmp_path))


def test_annotators_of_sources_and_agreement_are_asked_once_after_the_others() -> None:
    settings = AttributeSettings(
        annotators=("blendshapes",),
        agreement=("celeba_resnet50", "clip_zero_shot"),
        sources={"Smiling": ("blendshapes",), "Bald": ("face_parsing", "clip_zero_shot")},
    )
    assert list(annotators_of(settings)) == [
        "blendshapes",
        "celeba_resnet50",
        "clip_zero_shot",
        "face_parsing",
    ]


def test_identity_of_a_hub_model_is_its_name_and_revision(tmp_path: Path) -> None:
    settings = AttributeSettings(annotators=("clip_zero_shot",), clip_model="a/clip@1234")
    assert model_identities(settings, ModelStore(tmp_path))[1:] == ["a/clip@1234"]


def test_announced_are_the_attributes_that_somebody_is_to_speak_of() -> None:
    embedded = announced_attributes(AttributeSettings())
    assert {"Male", "Smiling", "Eyeglasses"} <= embedded
    assert "Attractive" not in embedded
    # One that is asked for a single attribute speaks of no other.
    single = AttributeSettings(
        annotators=("blendshapes",), sources={"Young": ("age_gender",), "Smiling": ()}
    )
    assert announced_attributes(single) == {"Mouth_Slightly_Open", "Narrow_Eyes", "Young"}
