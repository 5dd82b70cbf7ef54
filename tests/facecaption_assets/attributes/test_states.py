import math

import pytest

from facecaption_assets.attributes.annotators import FaceEvidence
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.attributes.states import attribute_state, check_evidence

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
