import pytest

from facecaption_assets.attributes.annotators import FaceEvidence
from facecaption_assets.attributes.composition import (
    ComposedEvidence,
    Speakers,
    assign_speakers,
    compose_evidence,
)
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.attributes.states import attribute_state

#: A positive threshold below one half: the sides are those of the thresholds.
SETTINGS = AttributeSettings(
    annotators=("first", "second"), thresholds={"Smiling": (0.1, 0.4), "Male": (0.03, 0.97)}
)
BOTH = AttributeSettings(
    annotators=("first",), agreement=("first", "second"), thresholds=SETTINGS.thresholds
)


def compose(settings: AttributeSettings, fake, *answers: FaceEvidence) -> ComposedEvidence:
    names = ("first", "second")
    speakers = assign_speakers([fake(name=name) for name in names], settings)
    return compose_evidence(dict(zip(names, answers, strict=True)), speakers, settings)


def test_first_annotator_with_a_probability_speaks_and_the_first_with_an_age(fake) -> None:
    composed = compose(
        SETTINGS,
        fake,
        FaceEvidence({"Male": 0.9}),
        FaceEvidence({"Male": 0.1, "Smiling": 0.4}, age_years=30.0),
    )
    assert composed == ComposedEvidence(FaceEvidence({"Male": 0.9, "Smiling": 0.4}, 30.0))


def test_source_speaks_for_its_attribute_alone_even_with_nothing_to_say(fake) -> None:
    settings = AttributeSettings(
        annotators=("first",), sources={"Smiling": ("second",), "Young": (), "Male": ("second",)}
    )
    composed = compose(
        settings,
        fake,
        FaceEvidence({"Male": 0.9, "Smiling": 0.9, "Young": 0.9, "Black_Hair": 0.8}),
        FaceEvidence({"Smiling": 0.2, "Gray_Hair": 0.7}),
    )
    assert composed.evidence.probabilities == {"Smiling": 0.2, "Black_Hair": 0.8}


def test_source_comes_before_agreement(fake) -> None:
    settings = AttributeSettings(agreement=("first", "second"), sources={"Male": ("second",)})
    evidence = FaceEvidence({"Male": 0.1}), FaceEvidence({"Male": 0.99})
    composed = compose(settings, fake, *evidence)
    assert composed == ComposedEvidence(FaceEvidence({"Male": 0.99}))


@pytest.mark.parametrize(
    ("first", "second", "joint", "state", "disagree"),
    [
        (0.9, 0.5, 0.5, True, False),
        (0.45, 0.6, 0.45, True, False),
        (0.02, 0.09, 0.09, False, False),
        (0.9, 0.3, 0.3, None, False),
        (0.2, 0.01, 0.2, None, False),
        (0.2, 0.3, 0.2, None, False),
        (0.9, 0.02, None, None, True),
        (0.05, 0.41, None, None, True),
        (0.9, None, None, None, False),
        (None, 0.9, None, None, False),
        (None, None, None, None, False),
    ],
)
def test_agreement_gives_the_least_decided_probability_and_none_to_contradiction(
    fake,
    first: float | None,
    second: float | None,
    joint: float | None,
    state: bool | None,
    disagree: bool,
) -> None:
    evidence = [FaceEvidence({} if p is None else {"Smiling": p}) for p in (first, second)]
    composed = compose(BOTH, fake, *evidence)
    found = composed.evidence.probabilities.get("Smiling")
    assert found == joint
    assert attribute_state("Smiling", found, BOTH) is state
    assert composed.disagreements == (["Smiling"] if disagree else [])


def test_attribute_that_one_of_the_agreement_does_not_cover_goes_by_the_order(fake) -> None:
    class Hats(fake):
        attributes = ("Wearing_Hat", "Male")

    annotators = [Hats(name="first"), fake(name="second")]
    settings = AttributeSettings(annotators=("first",), agreement=("first", "second"))
    assert assign_speakers(annotators, settings) == {
        "Male": Speakers(("first", "second"), must_agree=True),
        "Wearing_Hat": Speakers(("first",)),
    }


def test_without_annotators_nobody_speaks() -> None:
    assert assign_speakers([], AttributeSettings()) == {}
    assert compose_evidence({}, {}, SETTINGS) == ComposedEvidence(FaceEvidence())
