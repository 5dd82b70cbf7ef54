"""Several annotators' evidence of a face → one probability per attribute.

Who speaks for which attribute follows from the settings: the order of ``annotators``, overridden
for single attributes by ``sources``, and bound together by ``agreement``. When a probability
becomes a state belongs to ``states``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from facecaption_assets.attributes.annotators import Annotator, FaceEvidence
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.attributes.states import attribute_state
from facecaption_assets.attributes.vocabulary import ATTRIBUTES


@dataclass(frozen=True)
class Speakers:
    """Who speaks for an attribute.

    Attributes:
        names: Annotators, in order of precedence.
        must_agree: Whether a label needs all of them; else the first with a probability speaks.
    """

    names: tuple[str, ...]
    must_agree: bool = False


@dataclass(frozen=True)
class ComposedEvidence:
    """What the annotators say of one face together.

    Attributes:
        evidence: The one probability of each attribute; absent where there is none to give.
        disagreements: Attributes that one annotator of the agreement calls positive and another
            negative, in CelebA's order.
    """

    evidence: FaceEvidence
    disagreements: list[str] = field(default_factory=list)


def assign_speakers(
    annotators: Sequence[Annotator], settings: AttributeSettings
) -> dict[str, Speakers]:
    """Who of the loaded annotators speaks for each attribute.

    ``settings.sources`` decides for the attributes that it names. Of the others, those that every
    annotator of ``settings.agreement`` covers are decided by these together, and the rest by the
    order given, without the annotators that only ``sources`` and ``agreement`` name. Attributes
    that nobody covers are absent.
    """
    covers = {each.name: frozenset(each.attributes) for each in annotators}
    return speakers_by_cover(covers, settings)


def speakers_by_cover(
    covers: Mapping[str, frozenset[str]], settings: AttributeSettings
) -> dict[str, Speakers]:
    """As ``assign_speakers``, from annotators' names and the attributes that each covers."""
    speakers = {a: _speakers_of(a, covers, settings) for a in ATTRIBUTES}
    return {attribute: found for attribute, found in speakers.items() if found.names}


def _speakers_of(
    attribute: str, covers: Mapping[str, frozenset[str]], settings: AttributeSettings
) -> Speakers:
    def covering(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in names if attribute in covers.get(name, ()))

    if attribute in settings.sources:
        return Speakers(covering(settings.sources[attribute]))
    if settings.agreement and covering(settings.agreement) == settings.agreement:
        return Speakers(settings.agreement, must_agree=True)
    reserved = set(settings.all_annotators) - set(settings.annotators)
    return Speakers(covering([name for name in covers if name not in reserved]))


def compose_evidence(
    evidence: Mapping[str, FaceEvidence],
    speakers: Mapping[str, Speakers],
    settings: AttributeSettings,
) -> ComposedEvidence:
    """One face's evidence from that of several annotators.

    Where annotators must agree and all are on one side of the attribute's thresholds, the
    probability is that of the least decided, so that the state is theirs. Where one is between
    the thresholds, it is that one's, and the state unknown. Where one has none, or two are on
    opposite sides, there is no probability.

    Args:
        evidence: By annotator; the first with an age gives the age.
        speakers: As ``assign_speakers`` gives them.
        settings: The thresholds.
    """
    probabilities: dict[str, float] = {}
    disagreements = []
    for attribute, who in speakers.items():
        answers = [evidence[name].probabilities.get(attribute) for name in who.names]
        given = [answer for answer in answers if answer is not None]
        if not given or (who.must_agree and len(given) < len(answers)):
            continue
        chosen = _joint(attribute, given, settings) if who.must_agree else given[0]
        if chosen is None:
            disagreements.append(attribute)
        else:
            probabilities[attribute] = chosen
    ages = (each.age_years for each in evidence.values() if each.age_years is not None)
    return ComposedEvidence(FaceEvidence(probabilities, next(ages, None)), disagreements)


def _joint(
    attribute: str, probabilities: Sequence[float], settings: AttributeSettings
) -> float | None:
    """The probability nearest to being unknown; None where two are on opposite sides."""
    states = [attribute_state(attribute, each, settings) for each in probabilities]
    if True in states and False in states:
        return None
    if None in states:
        return probabilities[states.index(None)]
    return min(probabilities) if states[0] else max(probabilities)
