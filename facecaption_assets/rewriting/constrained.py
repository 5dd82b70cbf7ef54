"""A face's attributes → the grammar of every natural caption that is true of it.

For models too small to be faithful by themselves: with this grammar in the request (``gbnf``) the
model chooses among plans and synonyms, never among facts. Every text of the grammar passes
``verification``.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from facecaption_assets.captions.pcfg import START, Grammar, Production, enumerated
from facecaption_assets.captions.phrases import Phrase, topic_phrases
from facecaption_assets.captions.subjects import Subject
from facecaption_assets.captions.wordings import Verb
from facecaption_assets.rewriting.plans import (
    FIRST,
    MOST_LISTED,
    MOST_SENTENCES,
    MOST_TOLD,
    NEXT,
    ORDERS,
)

#: Raise it with every change that can alter the grammar of a face.
CONSTRAINT_VERSION: Final = 1

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

#: Fields of the patterns whose subject is the noun.
_FIRST: Final = {
    **{name: f"<{name}>" for name in ("A", "a", "The", "the", "smiling", "Smiling")},
    "wear": "wears",
    "wears": "<person wears>",
    "smiles": "<person smiles>",
}

#: Fields of those whose subject is the pronoun.
_NEXT: Final = {
    **{name: f"<{name}>" for name in ("She", "she", "has", "wear", "Smiling")},
    "wears": "<pronoun wears>",
    "smiles": "<pronoun smiles>",
}

#: Group letter to references to the phrases that it has to tell.
Groups = Mapping[str, Sequence[str]]


@lru_cache(maxsize=4096)
def licensed_grammar(attributes: frozenset[str], subject: Subject) -> Grammar:
    """The grammar of natural captions that name exactly these attributes of this subject.

    Args:
        attributes: Positive attributes that the template caption names; ``Male`` among them if
            and only if the subject is known to be male.
        subject: Who is spoken of.
    """
    phrases = {
        group: [p for t in topics for p in topic_phrases(t, attributes, merge_bangs=False)]
        for group, topics in _TOPICS.items()
    }
    every = [phrase for told in phrases.values() for phrase in told]
    rules = {p.symbol: p.wordings for p in every if p.verb is not Verb.IS}
    rules |= _person_rules(attributes, subject, every)
    groups = {
        group: [f"<{p.symbol}>" for p in told if p.verb is not Verb.IS]
        for group, told in phrases.items()
    }
    groups["e"] = ["<smiling>"] if "Smiling" in attributes else []
    captions = []
    for plan in sentence_plans(groups):
        rules |= _sentence_rules(plan, groups)
        captions.append(" ".join(f"<{_symbol(plan, i)}>" for i in range(len(plan))))
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


def _person_rules(
    attributes: frozenset[str], subject: Subject, phrases: Sequence[Phrase]
) -> dict[str, tuple[Production, ...]]:
    """How the person is called, and the verbs that agree with noun and pronoun."""
    predicates = [p for p in phrases if p.verb is Verb.IS and "Smiling" not in p.names]
    qualities = ", ".join(p.wordings[0].text for p in predicates)
    young = "young" if "Young" in attributes else ""
    person = " ".join(filter(None, (qualities, young, subject.noun)))
    article = "an" if person[0] in "aeiou" else "a"
    mouths = _OPEN_MOUTH if "Mouth_Slightly_Open" in attributes else ("",)
    be, s = ("are", "") if subject.pronoun == "they" else ("is", "s")

    def smile(*verbs: str) -> tuple[Production, ...]:
        return tuple(Production(verb + mouth) for verb in verbs for mouth in mouths)

    return {
        "A": (Production(f"{article.capitalize()} {person}"),),
        "a": (Production(f"{article} {person}"),),
        "The": (Production(f"The {person}"), Production(f"This {person}")),
        "the": (Production(f"the {person}"),),
        "possessive": (Production(subject.possessive),),
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


def sentence_plans(groups: Groups) -> list[tuple[str, ...]]:
    """Ways to cut the groups that have something to tell into sentences.

    A plan is a tuple of sentences, a sentence the letters of its groups in order. Where every plan
    would overload a sentence, those with the most sentences are given.
    """
    plans: dict[tuple[str, ...], None] = {}
    for order in ORDERS:
        present = "".join(letter for letter in order if groups[letter])
        plans |= dict.fromkeys(plan for plan in _cuts(present) if _has_patterns(plan, groups))
    light = [plan for plan in plans if _heaviest(plan, groups) <= MOST_TOLD]
    return light or [plan for plan in plans if len(plan) == max(map(len, plans))]


def _cuts(present: str) -> Iterator[tuple[str, ...]]:
    """The string cut into up to ``MOST_SENTENCES`` pieces, in every way."""
    for cuts in range(2 ** max(len(present) - 1, 0)):
        if cuts.bit_count() < MOST_SENTENCES:
            marked = (letter + "|" * (cuts >> i & 1) for i, letter in enumerate(present))
            yield tuple("".join(marked).split("|"))


def _has_patterns(plan: Sequence[str], groups: Groups) -> bool:
    return all(_patterns(plan, i, groups) for i in range(len(plan)))


def _heaviest(plan: Sequence[str], groups: Groups) -> int:
    return max(sum(len(groups[letter]) for letter in sentence) for sentence in plan)


def _sentence_rules(
    plan: Sequence[str], groups: Groups
) -> Iterator[tuple[str, tuple[Production, ...]]]:
    """A rule for each sentence of the plan."""
    for i in range(len(plan)):
        fields = _NEXT if i else _FIRST
        texts = [text.format(**fields, **lists) for text, lists in _patterns(plan, i, groups)]
        yield _symbol(plan, i), tuple(map(Production, texts))


def _symbol(plan: Sequence[str], i: int) -> str:
    return f"{'next' if i else 'first'} {plan[i]}"


def _patterns(plan: Sequence[str], i: int, groups: Groups) -> list[tuple[str, dict[str, str]]]:
    """Patterns for a plan's sentence, each with the lists that fill it."""
    table = NEXT if i else FIRST
    return [
        (_punctuated(text, lists), {name: enumerated(items) for name, items in lists.items()})
        for shape, lists in _readings(plan[i], groups)
        for text in table.get(shape, ())
    ]


def _punctuated(text: str, lists: Mapping[str, Sequence[str]]) -> str:
    """The pattern with a comma before the "and" that follows a list with an "and" of its own."""
    for name, items in lists.items():
        if len(items) > 1:
            text = text.replace(f"{{{name}}} and ", f"{{{name}}}, and ")
    return text


def _readings(sentence: str, groups: Groups) -> Iterator[tuple[str, dict[str, Sequence[str]]]]:
    """Shapes that the sentence's groups may take: hair and features as one list or as two."""
    h, f, w = (groups[letter] if letter in sentence else () for letter in "hfw")
    if "hf" in sentence:
        yield sentence.replace("hf", "nm"), {"n": h, "m": f, "w": w}
        if len(h) + len(f) > MOST_LISTED:
            return
    merged = sentence.replace("hf", "n").replace("h", "n").replace("f", "n")
    yield merged, {"n": (*h, *f), "w": w}
