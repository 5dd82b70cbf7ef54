"""A face's attributes → the grammar of every natural caption that is true of it.

For models too small to be faithful by themselves: with this grammar in the request (``dialects``)
the model chooses among plans and synonyms, never among facts. Every text of the grammar passes
``verification``.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from facecaption_assets.captions.pcfg import START, Grammar, Production
from facecaption_assets.captions.phrases import Phrase, topic_phrases
from facecaption_assets.captions.subjects import Subject
from facecaption_assets.captions.wordings import HAIR_COLOUR_WORDS, HAIR_TEXTURES, Verb
from facecaption_assets.rewriting.narrowing import within_words
from facecaption_assets.rewriting.persons import Call, Rules, agreeing_rules, naming_rules
from facecaption_assets.rewriting.plans import LENGTHS, MOST_LISTED, SPORTED, Length
from facecaption_assets.rewriting.sentences import (
    Plan,
    View,
    sentence_plans,
    sentence_rules,
    sentence_symbol,
)

#: Raise it with every change that can alter the grammar of a face.
CONSTRAINT_VERSION: Final = 4

#: Topics of the groups of ``plans``; smile and mouth are groups of their own.
_TOPICS: Final = {
    "h": ("hair", "beard"),
    "f": ("eyes", "shape"),
    "g": ("skin",),
    "w": ("makeup", "accessories"),
}

_MOOD: Final = frozenset({"Smiling", "Mouth_Slightly_Open"})


@dataclass(frozen=True)
class _Told:
    """What there is to tell of a face.

    Attributes:
        phrases: What it has and wears, by group letter.
        qualities: What it is.
        is_smiling: Whether it smiles.
        has_open_mouth: Whether its mouth is open.
    """

    phrases: dict[str, list[Phrase]]
    qualities: tuple[str, ...]
    is_smiling: bool
    has_open_mouth: bool

    def groups(self, without: frozenset[str] = frozenset()) -> dict[str, Sequence[str]]:
        """References to the phrases, by group, without what the noun phrase tells already."""
        groups: dict[str, Sequence[str]] = {
            letter: [f"<{p.symbol}>" for p in told if not without.issuperset(p.names)]
            for letter, told in self.phrases.items()
        }
        is_smile = self.is_smiling and "Smiling" not in without
        if len(groups["f"]) + len(groups["g"]) <= MOST_LISTED:
            groups |= {"f": [*groups["f"], *groups["g"]], "g": []}
        groups["e"] = ["<smiling>"] if is_smile else []
        groups["o"] = ["<mouth>"] if self.has_open_mouth and not is_smile else []
        groups["k"] = _hair_adjectives(self.phrases["h"]) if groups["h"] else []
        return groups


@lru_cache(maxsize=4096)
def licensed_grammar(
    attributes: frozenset[str], subject: Subject, style: str = "normal"
) -> Grammar:
    """The grammar of natural captions that name exactly these attributes of this subject.

    Args:
        attributes: Positive attributes that the template caption names; ``Male`` among them if
            and only if the subject is known to be male.
        subject: Who is spoken of.
        style: Key of ``LENGTHS``. Captions are longer than it says where they cannot be shorter.

    Raises:
        ValueError: If there is no such style.
    """
    if style not in LENGTHS:
        raise ValueError(f"style is {style!r}; allowed are {', '.join(LENGTHS)}")
    told = _told(attributes)
    rules: Rules = agreeing_rules(
        subject,
        is_smiling=told.is_smiling,
        has_open_mouth=told.has_open_mouth,
        is_sporting=all(SPORTED.issuperset(p.names) for p in told.phrases["w"]),
    )
    for phrases in told.phrases.values():
        rules |= {p.symbol: _wordings(p) for p in phrases}
    captions: dict[str, None] = {}
    closing = " The <picture> is blurry." if "Blurry" in attributes else ""
    for view, plan in _plans(_views(told, subject), LENGTHS[style]):
        rules |= naming_rules(view.call)
        rules |= sentence_rules(plan, view)
        symbols = (f"<{sentence_symbol(plan, i, view)}>" for i in range(len(plan)))
        captions[" ".join(symbols) + closing] = None
    rules[START] = tuple(map(Production, captions))
    return within_words(Grammar(rules), LENGTHS[style].most_words)


def _plans(views: Iterable[View], length: Length) -> list[tuple[View, Plan]]:
    """The plans of all views; of those, where there are such, that have enough sentences.

    "This is a man." is no beginning unless two sentences are wanted; "This is a smiling man." is.
    """
    fewest, most = length.sentences
    plans = [
        (view, plan)
        for view in views
        for plan in sentence_plans(view.groups, fewest, most)
        if plan[0] or len(plan) == 1 or fewest > 1 or view.call.smile
    ]
    return [(view, plan) for view, plan in plans if len(plan) >= fewest] or plans


def _told(attributes: frozenset[str]) -> _Told:
    rest = attributes - _MOOD
    phrases = {
        letter: [p for t in topics for p in topic_phrases(t, rest)]
        for letter, topics in _TOPICS.items()
    }
    every = [phrase for told in phrases.values() for phrase in told]
    qualities = [p.wordings[0].text for p in every if p.verb is Verb.IS]
    return _Told(
        {letter: [p for p in told if p.verb is not Verb.IS] for letter, told in phrases.items()},
        (*qualities, *["young"] * ("Young" in attributes)),
        "Smiling" in attributes,
        "Mouth_Slightly_Open" in attributes,
    )


def _views(told: _Told, subject: Subject) -> Iterator[View]:
    """Ways to call the person: smile and hair colour may be adjectives, or told apart."""
    colour = _only_colour(told.phrases["h"])
    names_face = any("Oval_Face" in p.names for p in told.phrases["f"])
    for smile in ("", "smiling")[: 1 + told.is_smiling]:
        for hair in ("", colour)[: 1 + bool(colour)]:
            word = f"{HAIR_COLOUR_WORDS[hair]}-haired" if hair else ""
            call = Call(subject, smile, told.qualities, word)
            without = frozenset({"Smiling"} if smile else ()) | frozenset({hair} if hair else ())
            yield View(call, told.groups(without), names_face)


def _only_colour(phrases: Sequence[Phrase]) -> str:
    """The hair's colour where that is one word, else nothing."""
    plain = [p.names[0] for p in phrases if len(p.names) == 1 and p.names[0] in HAIR_COLOUR_WORDS]
    return plain[0] if plain else ""


def _wordings(phrase: Phrase) -> tuple[Production, ...]:
    """Wordings that may follow "with": no "woman with a nose with a pointed tip"."""
    plain = tuple(wording for wording in phrase.wordings if " with " not in wording.text)
    return plain or phrase.wordings


def _hair_adjectives(phrases: Sequence[Phrase]) -> list[str]:
    """Texture and colour of the hair where there is nothing else to tell of it."""
    names = [name for phrase in phrases for name in phrase.names]
    words = HAIR_TEXTURES | HAIR_COLOUR_WORDS
    return [words[name] for name in names] if words.keys() >= set(names) else []
