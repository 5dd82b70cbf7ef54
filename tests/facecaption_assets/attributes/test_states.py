import math

import pytest

from facecaption_assets.attributes.annotators import FaceEvidence
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.attributes.states import (
    attribute_state,
    check_evidence,
    state_evidence,
)

SETTINGS = AttributeSettings(thresholds={"Male": (0.03, 0.97)})


@pytest.mark.parametrize(
    ("attribute", "probability", "state"),
    [
        ("Smiling", 0.86, True),
        ("Smiling", 0.85, None),
        ("Smiling", 0.5, None),
        ("Smiling", 0.15, None),
        ("Smiling", 0.14, False),
        ("Smiling", None, None),
        ("Male", 0.96, None),
        ("Male", 0.98, True),
        ("Male", 0.02, False),
    ],
)
def test_state_follows_from_the_thresholds_which_are_unknown_themselves(
    attribute: str, probability: float | None, state: bool | None
) -> None:
    assert attribute_state(attribute, probability, SETTINGS) is state


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([], "0 answers for 1 faces"),
        ([FaceEvidence({"Bald": 0.5})], "does not announce"),
        ([FaceEvidence({"Male": 1.01})], "the probability 1.01"),
        ([FaceEvidence({"Male": math.nan})], "the probability nan"),
    ],
)
def test_answers_that_are_no_evidence_are_refused(
    fake, answers: list[FaceEvidence], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        check_evidence(fake(), answers, 1)


@pytest.mark.parametrize(
    ("attribute", "probability", "evidence"),
    [
        ("Smiling", 0.85, 0.0),
        ("Smiling", 0.5, 0.0),
        ("Smiling", 0.925, 0.5),
        ("Smiling", 1.0, 1.0),
        ("Smiling", 0.075, 0.5),
        ("Smiling", 0.0, 1.0),
        ("Male", 0.985, 0.5),
        ("Male", 0.0, 1.0),
    ],
)
def test_evidence_is_the_distance_beyond_the_threshold(
    attribute: str, probability: float, evidence: float
) -> None:
    assert state_evidence(attribute, probability, SETTINGS) == pytest.approx(evidence)


@pytest.mark.parametrize("pair", [(0.0, 1.0), (0.0, 0.0), (1.0, 1.0)])
@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_thresholds_at_the_ends_give_evidence_too(pair, probability: float) -> None:
    settings = AttributeSettings(thresholds={"Male": pair})
    assert 0 <= state_evidence("Male", probability, settings) <= 1


def test_paper_preset_is_one_threshold_and_more_than_five_labels() -> None:
    settings = AttributeSettings(preset="paper", min_positive=1, thresholds={"Male": (0.03, 0.97)})
    assert attribute_state("Male", 0.86, settings) is True
    assert attribute_state("Male", 0.14, settings) is False
    assert settings.rules.min_positive == 6


def test_unknown_preset_is_refused() -> None:
    with pytest.raises(ValueError, match="preset is 'papr'; allowed is one of paper"):
        AttributeSettings(preset="papr")
