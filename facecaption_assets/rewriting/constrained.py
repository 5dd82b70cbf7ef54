"""A face's attributes → the grammar of every natural caption that is true of it.

For models too small to be faithful by themselves: with this grammar in the request (``gbnf``) the
model chooses among plans and synonyms, never among facts. Every text of the grammar passes
``verification``.
"""

import random
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from facecaption_assets.captions.pcfg import START, Grammar, Production
from facecaption_assets.captions.phrases import Phrase, topic_phrases
from facecaption_assets.captions.subjects import Subject
from facecaption_assets.captions.wordings import HAIR_COLOUR_WORDS, HAIR_TEXTURES, Verb
from facecaption_assets.rewriting.plans import PICTURES, SYNONYMS
from facecaption_assets.rewriting.sentences import (
    FIRST_SENTENCE,
    sentence_plans,
    sentence_rules,
    sentence_symbol,
)

#: Raise it with every change that can alter the grammar of a face.
CONSTRAINT_VERSION: Final = 2

#: Topics of the groups of ``plans``; the smile is its own group.
_TOPICS: Final = {
    "h": ("hair", "beard"),
    "f": ("eyes", "shape", "skin", "expression"),
    "w": ("makeup", "accessories"),
}

#: Productions of a rule among which the model may choose.
MOST_CHOICES: Final = 2

_OPEN_MOUTH: Final = (
    " with <possessive> mouth slightly open",
    " with <possessive> lips slightly parted",
)


@lru_cache(maxsize=4096)
def licensed_grammar(attributes: frozenset[str], subject: Subject) -> Grammar:
    """The grammar of natural captions that name exactly these attributes of this subject.

    Args:
        attributes: Positive attributes that the template caption names; ``Male`` among them if
            and only if the subject is known to be male.
        subject: Who is spoken of.
    """
    phrases = {
        group: [p for t in topics for p in topic_phrases(t, attributes)]
        for group, topics in _TOPICS.items()
    }
    every = [phrase for told in phrases.values() for phrase in told]
    rules = {p.symbol: (*p.wordings, *_synonyms(p)) for p in every if p.verb is not Verb.IS}
    rules |= _person_rules(attributes, subject, every)
    groups = {
        group: [f"<{p.symbol}>" for p in told if p.verb is not Verb.IS]
        for group, told in phrases.items()
    }
    groups["e"] = ["<smiling>"] if "Smiling" in attributes else []
    groups["s"] = [] if "Mouth_Slightly_Open" in attributes else groups["e"]
    groups["k"] = _hair_adjectives(phrases["h"])
    captions = []
    for plan in sentence_plans(groups):
        rules |= sentence_rules(plan, groups)
        captions.append(" ".join(f"<{sentence_symbol(plan, i)}>" for i in range(len(plan))))
    closing = " The picture is blurry." if "Blurry" in attributes else ""
    rules[START] = tuple(Production(caption + closing) for caption in captions)
    return Grammar(rules)


def narrow_grammar(grammar: Grammar, rng: random.Random) -> Grammar:
    """The grammar with at most ``MOST_CHOICES`` productions of each rule, drawn.

    A small model words every face in the same two or three favourite ways. Which ways it has to
    choose from therefore differs from face to face.
    """
    return Grammar(
        {
            symbol: tuple(sorted(productions, key=lambda _: rng.random())[:MOST_CHOICES])
            for symbol, productions in grammar.rules.items()
        }
    )


def reworded_grammar(grammar: Grammar, template: str) -> Grammar:
    """The grammar without the sentence patterns that the template caption begins with.

    So a rewrite never repeats its template word for word. A rule that would be left empty stays.
    """
    opening = template.partition(". ")[0].removesuffix(".") + "."
    rules = dict(grammar.rules)
    for symbol, productions in grammar.rules.items():
        if symbol.startswith(FIRST_SENTENCE):
            others = tuple(p for p in productions if not grammar.produces(p, opening))
            rules[symbol] = others or productions
    return Grammar(rules)


def _synonyms(phrase: Phrase) -> tuple[Production, ...]:
    return tuple(Production(text) for text in SYNONYMS.get(phrase.symbol, ()))


def _hair_adjectives(phrases: Sequence[Phrase]) -> list[str]:
    """Texture and colour of the hair where there is nothing else to tell of it."""
    names = [name for phrase in phrases if phrase.verb is Verb.HAS for name in phrase.names]
    words = HAIR_TEXTURES | HAIR_COLOUR_WORDS
    return [words[name] for name in names] if words.keys() >= set(names) else []


def _person_rules(
    attributes: frozenset[str], subject: Subject, phrases: Sequence[Phrase]
) -> dict[str, tuple[Production, ...]]:
    """How the person is called, and the verbs that agree with noun and pronoun."""
    predicates = [p for p in phrases if p.verb is Verb.IS and "Smiling" not in p.names]
    qualities = ", ".join(p.wordings[0].text for p in predicates)
    young = "young" if "Young" in attributes else ""
    person = " ".join(filter(None, (qualities, young, subject.noun)))
    article = "an" if person[0] in "aeiou" else "a"
    called = f"smiling {person}"
    mouths = _OPEN_MOUTH if "Mouth_Slightly_Open" in attributes else ("",)
    be, s = ("are", "") if subject.pronoun == "they" else ("is", "s")

    def smile(*verbs: str) -> tuple[Production, ...]:
        return tuple(Production(verb + mouth) for verb in verbs for mouth in mouths)

    return {
        "A": (Production(f"{article.capitalize()} {person}"),),
        "a": (Production(f"{article} {person}"),),
        "The": (Production(f"The {person}"), Production(f"This {person}")),
        "the": (Production(f"the {person}"),),
        "Asmiling": (Production(f"A {called}"),),
        "asmiling": (Production(f"a {called}"),),
        "Thesmiling": (Production(f"The {called}"), Production(f"This {called}")),
        "picture": tuple(map(Production, PICTURES)),
        "possessive": (Production(subject.possessive),),
        "Her": (Production(subject.possessive.capitalize()),),
        "smiling": smile("smiling"),
        "Smiling": smile("Smiling"),
        "person smiles": smile("is smiling", "smiles"),
        "person wears": (Production("wears"), Production("is wearing")),
        "pronoun smiles": smile(f"{be} smiling", f"smile{s}"),
        "pronoun wears": (Production(f"wear{s}"), Production(f"{be} wearing")),
        "She": (Production(subject.pronoun.capitalize()),),
        "she": (Production(subject.pronoun),),
        "has": (Production("have" if be == "are" else "has"),),
        "wear": (Production(f"wear{s}"),),
    }
