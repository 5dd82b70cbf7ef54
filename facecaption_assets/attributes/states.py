"""When a probability becomes a state, and which answers of an annotator are evidence at all.

How several annotators' evidence becomes one belongs to ``composition``; which states contradict
each other to ``resolution``; rows and shards to ``labelling``.
"""

from collections.abc import Mapping, Sequence
from math import isfinite

from facecaption_assets.attributes.annotators import Annotator, FaceEvidence
from facecaption_assets.attributes.settings import AttributeSettings


def thresholds_of(attribute: str, settings: AttributeSettings) -> tuple[float, float]:
    """Probabilities below which an attribute is negative and above which it is positive."""
    rules = settings.rules
    return rules.thresholds.get(attribute, (rules.negative_threshold, rules.positive_threshold))


def attribute_state(
    attribute: str, probability: float | None, settings: AttributeSettings
) -> bool | None:
    """Positive, negative, or None for unknown; a threshold itself is still unknown."""
    if probability is None:
        return None
    negative, positive = thresholds_of(attribute, settings)
    if probability > positive:
        return True
    return False if probability < negative else None


def state_evidence(attribute: str, probability: float, settings: AttributeSettings) -> float:
    """How well a state is founded: how far the probability lies beyond its threshold.

    Relative to how far it could lie, so that attributes with different thresholds compare: 0 at
    the threshold and between the two, 1 where the probability is 0 or 1.
    """
    negative, positive = thresholds_of(attribute, settings)
    if probability > positive:
        return (probability - positive) / (1 - positive)
    return (negative - probability) / negative if probability < negative else 0.0


def check_evidence(annotator: Annotator, answers: Sequence[FaceEvidence], num_faces: int) -> None:
    """Refuse answers that no annotator should give.

    Raises:
        ValueError: If answers are missing, name other attributes, or are no probabilities.
    """
    if len(answers) != num_faces:
        raise ValueError(f"{annotator.name} gave {len(answers)} answers for {num_faces} faces")
    for answer in answers:
        _check_probabilities(annotator, answer.probabilities)


def _check_probabilities(annotator: Annotator, probabilities: Mapping[str, float]) -> None:
    if unknown := probabilities.keys() - set(annotator.attributes):
        raise ValueError(f"{annotator.name} does not announce {sorted(unknown)}")
    for name, value in probabilities.items():
        if not (isfinite(value) and 0 <= value <= 1):
            raise ValueError(f"{annotator.name} gave {name} the probability {value}")
