"""The annotators that settings can name: what each covers, its models, and how it is loaded.

An annotator's module is imported when it is asked for. Who of several annotators speaks for an
attribute belongs to ``composition``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from facecaption_assets.attributes.annotators import Annotator
from facecaption_assets.attributes.composition import speakers_by_cover
from facecaption_assets.attributes.frugal import FrugalAnnotator
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.models import ModelStore

_SETTING: Final = "AttributeSettings.annotators"

#: Raised when an annotator says something else of a face with the same weights.
_VERSION: Final = 2


@dataclass(frozen=True)
class AnnotatorEntry:
    """An annotator that settings can name.

    Attributes:
        models: Its models in the model store.
        covers: Gives the attributes that it can speak of, without loading it.
        load: Loads it.
        model_setting: Setting that names its model, where the store has none for it.
    """

    models: tuple[str, ...]
    covers: Callable[[], tuple[str, ...]]
    load: Callable[[AttributeSettings, ModelStore], Annotator]
    model_setting: str | None = None


def _face_parsing_covers() -> tuple[str, ...]:
    from facecaption_assets.attributes.face_parsing import FaceParsingAnnotator

    return FaceParsingAnnotator.attributes


def _load_face_parsing(settings: AttributeSettings, store: ModelStore) -> Annotator:
    from facecaption_assets.attributes.face_parsing import FaceParsingAnnotator

    return FaceParsingAnnotator(store.path("bisenet-celebamask", _SETTING))


def _age_gender_covers() -> tuple[str, ...]:
    from facecaption_assets.attributes.age_gender import AgeGenderAnnotator

    return AgeGenderAnnotator.attributes


def _load_age_gender(settings: AttributeSettings, store: ModelStore) -> Annotator:
    from facecaption_assets.attributes.age_gender import AgeGenderAnnotator

    return AgeGenderAnnotator(store.path("age-v1", _SETTING), store.path("gender-v1", _SETTING))


def _blendshapes_covers() -> tuple[str, ...]:
    from facecaption_assets.attributes.blendshapes import BlendshapeAnnotator

    return BlendshapeAnnotator.attributes


def _load_blendshapes(settings: AttributeSettings, store: ModelStore) -> Annotator:
    from facecaption_assets.attributes.blendshapes import BlendshapeAnnotator

    return BlendshapeAnnotator(store.path("face-landmarker", _SETTING))


def _celeba_covers() -> tuple[str, ...]:
    from facecaption_assets.attributes.celeba_resnet50 import CelebaAnnotator

    return CelebaAnnotator.attributes


def _load_celeba(settings: AttributeSettings, store: ModelStore) -> Annotator:
    from facecaption_assets.attributes.celeba_resnet50 import CelebaAnnotator, weights_file

    return CelebaAnnotator(weights_file(settings.celeba_weights, store))


def _clip_covers() -> tuple[str, ...]:
    from facecaption_assets.attributes.clip_zero_shot import ClipAnnotator

    return ClipAnnotator.attributes


def _load_clip(settings: AttributeSettings, store: ModelStore) -> Annotator:
    from facecaption_assets.attributes.clip_zero_shot import ClipAnnotator

    return ClipAnnotator(settings.clip_model)


ANNOTATORS: Final[dict[str, AnnotatorEntry]] = {
    "face_parsing": AnnotatorEntry(
        ("bisenet-celebamask",), _face_parsing_covers, _load_face_parsing
    ),
    "age_gender": AnnotatorEntry(("age-v1", "gender-v1"), _age_gender_covers, _load_age_gender),
    "blendshapes": AnnotatorEntry(("face-landmarker",), _blendshapes_covers, _load_blendshapes),
    "celeba_resnet50": AnnotatorEntry((), _celeba_covers, _load_celeba, "celeba_weights"),
    "clip_zero_shot": AnnotatorEntry((), _clip_covers, _load_clip, "clip_model"),
}


def annotators_of(settings: AttributeSettings) -> dict[str, AnnotatorEntry]:
    """Every annotator that the settings name, in the order in which they are asked.

    Raises:
        ValueError: If there is none of a name, or one is to speak of an attribute that it does
            not cover.
    """
    for setting, names in {
        "annotators": settings.annotators,
        "agreement": settings.agreement,
        **{f"sources.{attribute}": names for attribute, names in settings.sources.items()},
    }.items():
        for name in names:
            if name not in ANNOTATORS:
                known = ", ".join(ANNOTATORS)
                raise ValueError(f"AttributeSettings.{setting} names {name!r}; known are {known}")
    for attribute, names in settings.sources.items():
        for name in names:
            _require_cover(name, attribute)
    return {name: ANNOTATORS[name] for name in settings.all_annotators}


def _require_cover(name: str, attribute: str) -> None:
    if attribute in ANNOTATORS[name].covers():
        return
    able = [other for other, entry in ANNOTATORS.items() if attribute in entry.covers()]
    raise ValueError(
        f"AttributeSettings.sources.{attribute} names {name!r}, which cannot judge it; "
        f"{', '.join(able) or 'no annotator'} can"
    )


def announced_attributes(settings: AttributeSettings) -> frozenset[str]:
    """Attributes of which some annotator is to speak; loads none.

    Raises:
        ValueError: As ``annotators_of``.
    """
    covers = {n: frozenset(entry.covers()) for n, entry in annotators_of(settings).items()}
    return frozenset(speakers_by_cover(covers, settings))


def model_identities(settings: AttributeSettings, store: ModelStore) -> list[str]:
    """What a code version says of the annotators that the settings name, and of their models.

    Raises:
        ValueError: As ``annotators_of``.
    """
    identities = [f"evidence {_VERSION}"]
    for entry in annotators_of(settings).values():
        named = (getattr(settings, entry.model_setting),) if entry.model_setting else ()
        identities += [store.identity(model) for model in (*entry.models, *named)]
    return identities


def load_annotators(settings: AttributeSettings, store: ModelStore) -> list[Annotator]:
    """Every annotator that the settings name, in the order in which they are asked.

    Raises:
        ValueError: As ``annotators_of``.
        ModelUnavailable: If weights cannot be had or used.
    """
    loaded = (entry.load(settings, store) for entry in annotators_of(settings).values())
    return [FrugalAnnotator(annotator, settings.batch_size) for annotator in loaded]
