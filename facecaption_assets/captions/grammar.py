"""The probabilistic grammar of template captions.

Several short sentences, each about attributes that belong together: hair, then beard, features,
expression, make-up and accessories. ``PLANS`` says which topics share a sentence; ``wordings`` says
how an attribute is worded. The grammar of one face derives only captions that name all of its
attributes and no other; ``parsing`` uses the same grammar the other way round.

Source: the paper's raw text is "multiple short sentences, each constructed using different
attributes" by a PCFG (FaceCaption-15M, https://arxiv.org/abs/2407.08515); its rules were never
published. The split in is/has/wears phrases is that of MM-CelebA-HQ's captions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from facecaption_assets.captions.pcfg import START, Grammar, Production, enumerated
from facecaption_assets.captions.phrases import Phrase, topic_phrases
from facecaption_assets.captions.subjects import Subject
from facecaption_assets.captions.wordings import Verb

#: Raise it with every change that can alter a caption: it seeds the draws.
GRAMMAR_VERSION: Final = 1


@dataclass(frozen=True)
class Plan:
    """Which topics share a sentence, sentence by sentence, and how often the plan is drawn."""

    weight: float
    sentences: tuple[tuple[str, ...], ...]


PLANS: Final[tuple[Plan, ...]] = (
    Plan(
        5,
        (
            ("hair",),
            ("beard",),
            ("eyes", "shape", "skin"),
            ("expression",),
            ("makeup", "accessories"),
        ),
    ),
    Plan(
        3,
        (
            ("hair", "beard"),
            ("eyes", "shape"),
            ("skin",),
            ("expression", "makeup", "accessories"),
        ),
    ),
    Plan(
        2,
        (
            ("hair",),
            ("eyes",),
            ("shape", "skin"),
            ("beard",),
            ("expression",),
            ("makeup",),
            ("accessories",),
        ),
    ),
)

#: Openings of the first sentence.
OPENINGS: Final = (Production("The <person>", 3), Production("This <person>"))

#: Share of the pronoun against "The woman" in the sentences that follow.
PRONOUN_WEIGHT: Final = 4.0

#: Forms of the verbs: singular for nouns and he/she, plural for they.
SINGULAR: Final = {Verb.HAS: "has", Verb.IS: "is", Verb.WEARS: "wears"}
PLURAL: Final = {Verb.HAS: "have", Verb.IS: "are", Verb.WEARS: "wear"}


@lru_cache(maxsize=4096)
def caption_grammar(attributes: frozenset[str], subject: Subject) -> Grammar:
    """The grammar of the captions that name exactly these attributes of this subject.

    Args:
        attributes: Positive attributes. ``Male`` must be among them if and only if the subject is
            known to be male: the noun says it.
        subject: Who is spoken of.

    Raises:
        ValueError: If ``Male`` and the subject disagree.
    """
    if ("Male" in attributes) != (subject.male is True):
        raise ValueError(f"Male in {sorted(attributes)} disagrees with the subject {subject}")
    person = f"young {subject.noun}" if "Young" in attributes else subject.noun
    rules: dict[str, tuple[Production, ...]] = {
        "person": (Production(person),),
        "possessive": (Production(subject.possessive),),
        "opening": OPENINGS,
    }
    captions: dict[str, float] = {}
    for plan in PLANS:
        groups = [_sentence_phrases(topics, attributes) for topics in plan.sentences]
        refs = [_add_sentence(rules, group, i == 0, subject) for i, group in _present(groups)]
        if "Blurry" in attributes:
            refs.append(
                "The picture is blurry." if refs else "The picture of <a person> is blurry."
            )
        if not refs:
            refs.append("This is <a person>.")
        text = " ".join(refs)
        captions[text] = captions.get(text, 0.0) + plan.weight
    rules["a person"] = (Production(f"a {person}"),)
    rules[START] = tuple(Production(text, weight) for text, weight in captions.items())
    return Grammar(rules)


def _sentence_phrases(topics: Iterable[str], attributes: frozenset[str]) -> list[Phrase]:
    return [phrase for topic in topics for phrase in topic_phrases(topic, attributes)]


def _present(groups: Iterable[list[Phrase]]) -> Iterable[tuple[int, list[Phrase]]]:
    return enumerate(group for group in groups if group)


def _add_sentence(
    rules: dict[str, tuple[Production, ...]],
    phrases: Sequence[Phrase],
    is_first: bool,
    subject: Subject,
) -> str:
    """Add the rules of one sentence and return the reference to it."""
    rules.update({phrase.symbol: phrase.wordings for phrase in phrases})
    singular = _predicates(phrases, SINGULAR)
    plural = _predicates(phrases, PLURAL)
    symbol = f"{'first' if is_first else 'next'}: {' '.join(p.symbol for p in phrases)}"
    if is_first:
        rules[symbol] = tuple(Production(f"<opening> {text}.") for text in singular)
    else:
        spoken = plural if subject.pronoun == "they" else singular
        pronoun = subject.pronoun.capitalize()
        rules[symbol] = (
            *(Production(f"{pronoun} {text}.", PRONOUN_WEIGHT) for text in spoken),
            *(Production(f"The {subject.noun} {text}.") for text in singular),
        )
    return f"<{symbol}>"


def _predicates(phrases: Sequence[Phrase], forms: dict[Verb, str]) -> list[str]:
    """What the sentence says of its subject: "is ... and has ... and wears ..."."""
    clauses = []
    for verb in (Verb.IS, Verb.HAS, Verb.WEARS):
        if items := [f"<{p.symbol}>" for p in phrases if p.verb is verb]:
            clauses.append(f"{forms[verb]} {enumerated(items)}")
    texts = [enumerated(clauses)]
    if all(p.verb is Verb.WEARS for p in phrases):
        texts.append(texts[0].replace(forms[Verb.WEARS], f"{forms[Verb.IS]} wearing", 1))
    return texts
