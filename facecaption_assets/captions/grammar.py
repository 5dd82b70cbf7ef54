"""The probabilistic grammar of template captions: drawing one.

Several short sentences, each about attributes that belong together. The rules are data: ``plans``,
``frames``, ``later_frames`` and ``wordings``. They are made ready once per process; a caption is
then a walk: plan, tellings, sentences, words. ``parsing`` goes the same way back.

Source: the paper's raw text is "multiple short sentences, each constructed using different
attributes" by a PCFG (FaceCaption-15M, https://arxiv.org/abs/2407.08515); its rules were never
published. The split in is/has/wears phrases is that of MM-CelebA-HQ's captions.
"""

from functools import cache
from typing import Final

from facecaption_assets.captions.arranging import arrange
from facecaption_assets.captions.pcfg import Choices, Source
from facecaption_assets.captions.plans import PLANS
from facecaption_assets.captions.sentences import banned_opening, frames
from facecaption_assets.captions.subjects import Subject
from facecaption_assets.captions.tellings import TOPICS_TOLD, tellings, topics_in_any_order
from facecaption_assets.captions.wordings import HAIR_COLOUR_WORDS, HAIR_TEXTURES, QUALITIES

#: Raise it with every change that can alter a caption: it seeds the draws.
GRAMMAR_VERSION: Final = 3

#: How often a quality that could stand before the noun does: "a smiling woman".
QUALITY_SHARE: Final = 0.4

_HAIR_WORDS: Final = frozenset({*HAIR_TEXTURES, *HAIR_COLOUR_WORDS})

#: What decides over the quality before the noun.
MAY_BE_QUALITIES: Final = _HAIR_WORDS.union(QUALITIES)

_PLANS: Final = Choices((plan, plan.weight) for plan in PLANS)
_TOPIC_NAMES: Final = {topic: frozenset(names) for topic, names in TOPICS_TOLD.items()}


def word_caption(attributes: frozenset[str], subject: Subject, rng: Source) -> str:
    """A caption that names exactly these attributes of this subject.

    Args:
        attributes: Positive attributes. ``Male`` must be among them if and only if the subject is
            known to be male: the noun says it.
        subject: Who is spoken of.
        rng: What draws; equal states draw equal captions.

    Raises:
        ValueError: If ``Male`` and the subject disagree.
    """
    if ("Male" in attributes) != (subject.male is True):
        raise ValueError(f"Male in {sorted(attributes)} disagrees with the subject {subject}")
    quality = _draw_quality(attributes, rng)
    rest = attributes - {quality} if quality else attributes
    told = {
        topic: tellings(topic, names, subject.possessive).draw(rng)
        for topic, every in _TOPIC_NAMES.items()
        if (names := rest & every)
    }
    forms = person_forms(subject, "Young" in attributes, quality)
    openings: list[str] = []
    may_add = True
    sentences: list[str] = []
    for shape, things in arrange(_PLANS.draw(rng), told):
        banned = banned_opening(openings)
        fitting = frames(not sentences, subject.male is None, shape, banned, may_add)
        if fitting is None:
            raise ValueError(f"no frame tells {shape!r}, things of {sorted(attributes)}")
        frame = fitting.draw(rng)
        worded = [thing.wordings.draw(rng) for thing in topics_in_any_order(things, rng)]
        text = frame.text.format(*forms, *worded)
        sentences.append(text[0].upper() + text[1:])
        openings.append(frame.opening)
        may_add = may_add and not frame.adds
        forms = person_forms(subject, False, None)
    return " ".join(sentences)


@cache
def person_forms(subject: Subject, is_young: bool, quality: str | None) -> tuple[str, ...]:
    """The person's forms in a sentence, in the order of ``sentences.PERSON_FORMS``."""
    words = (QUALITIES[quality] if quality else "", "young" if is_young else "", subject.noun)
    person = " ".join(filter(None, words))
    article = "an" if person[0] in "aeiou" else "a"
    return (
        f"{article} {person}",
        f"the {person}",
        f"this {person}",
        subject.pronoun,
        subject.possessive,
    )


@cache
def possible_qualities(attributes: frozenset[str]) -> tuple[str, ...]:
    """Those of some attributes of ``QUALITIES`` and hair of which one may stand before the noun."""
    hair = attributes & _HAIR_WORDS
    return tuple(
        name for name in QUALITIES if name in attributes and (name not in hair or len(hair) == 1)
    )


def _draw_quality(attributes: frozenset[str], rng: Source) -> str | None:
    possible = possible_qualities(attributes & MAY_BE_QUALITIES)
    if not possible or rng.random() >= QUALITY_SHARE:
        return None
    return possible[int(rng.random() * len(possible))]
