"""Attributes → the phrases that word them, neighbours merged as a person would.

Wavy and brown become "wavy brown hair"; bushy and arched become "bushy arched
eyebrows"; smiling and an open mouth become "smiling with her mouth slightly open".
"""

from collections.abc import Collection
from dataclasses import dataclass

from facecaption_assets.captions.pcfg import Production, enumerated
from facecaption_assets.captions.wordings import (
    EYEBROW_NOUNS,
    EYEBROW_SYNONYMS,
    EYEBROWS,
    HAD,
    HAIR_COLOUR_WORDS,
    HAIR_TEXTURES,
    PREDICATES,
    TOPICS,
    WORN,
    Verb,
)

_HAIR = (*HAIR_TEXTURES, *HAIR_COLOUR_WORDS)
_OPEN_SMILE = ("Smiling", "Mouth_Slightly_Open")


@dataclass(frozen=True)
class Phrase:
    """Some attributes in one phrase: what links it to the subject, and its wordings."""

    names: tuple[str, ...]
    verb: Verb
    wordings: tuple[Production, ...]

    @property
    def symbol(self) -> str:
        """Name of the phrase's rule in a grammar."""
        return "+".join(self.names)


def topic_phrases(topic: str, attributes: Collection[str]) -> list[Phrase]:
    """Phrases that together word exactly those of the attributes that belong to the topic.

    Args:
        topic: Key of ``TOPICS``.
        attributes: Positive attributes; those of other topics are ignored.
    """
    left = [name for name in TOPICS[topic] if name in attributes]
    phrases: list[Phrase] = []
    while left:
        phrase = _merged(left) or _single(left[0])
        phrases.append(phrase)
        left = [name for name in left if name not in phrase.names]
    return phrases


def _merged(names: list[str]) -> Phrase | None:
    """The phrase that the first attribute shares with others; None where it stands alone."""
    if names[0] in _HAIR:
        return _hair(names)
    if names[0] in EYEBROWS:
        return _eyebrows(tuple(name for name in names if name in EYEBROWS))
    if names == list(_OPEN_SMILE):
        return Phrase(
            _OPEN_SMILE, Verb.IS, (Production("smiling with <possessive> mouth slightly open"),)
        )
    return None


def _eyebrows(names: tuple[str, ...]) -> Phrase:
    words = [EYEBROWS[name] for name in names]
    others = [EYEBROW_SYNONYMS.get(word, word) for word in words]
    wordings = tuple(
        Production(f"{worded} {noun.text}", noun.weight)
        for worded in dict.fromkeys((" ".join(words), " ".join(others)))
        for noun in EYEBROW_NOUNS
    )
    return Phrase(names, Verb.HAS, wordings)


def _hair(names: list[str]) -> Phrase:
    textures = [name for name in names if name in HAIR_TEXTURES]
    colours = [name for name in names if name in HAIR_COLOUR_WORDS]
    texture = enumerated([HAIR_TEXTURES[name] for name in textures])
    colour = enumerated([HAIR_COLOUR_WORDS[name] for name in colours])
    wordings = [Production(" ".join(filter(None, (texture, colour, "hair"))), 2)]
    if texture and colour:
        wordings.append(Production(f"{colour} {texture} hair"))
    return Phrase((*textures, *colours), Verb.HAS, tuple(wordings))


def _single(name: str) -> Phrase:
    if name in PREDICATES:
        return Phrase((name,), Verb.IS, (Production(PREDICATES[name]),))
    if name in WORN:
        return Phrase((name,), Verb.WEARS, WORN[name])
    return Phrase((name,), Verb.HAS, HAD[name])
