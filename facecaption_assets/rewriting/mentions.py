"""Whether a caption speaks of one person in one picture.

Each noun may be licensed and still be one too many: "A man is with a person who is smiling." The
person may be introduced once; later mentions must point back, as "the man" at the beginning of a
clause does. A picture may be spoken of before the person, or as the place where the person is.
"""

import re
from collections.abc import Collection, Sequence
from typing import Final

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.captions.wordings import HAIR_COLOUR_WORDS, HAIR_TEXTURES, PREDICATES
from facecaption_assets.rewriting.vocabulary import NEUTRAL, NOUNS, PICTURE_NOUNS

_DEFINITE: Final = frozenset({"the", "this"})

#: Words that may stand between a determiner and the person.
_ADJECTIVES: Final = frozenset(
    {
        *("young", "youthful", "bald-headed", "clean", "shaven", "and", *PREDICATES.values()),
        *(f"{word}-haired" for word in (HAIR_TEXTURES | HAIR_COLOUR_WORDS).values()),
        *(HAIR_TEXTURES | HAIR_COLOUR_WORDS).values(),
    }
)

_WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")


def find_stray_mention(text: str, subject: Subject) -> str | None:
    """The first noun that brings in another person or picture, or None.

    Args:
        text: The caption.
        subject: Whom alone it may speak of.
    """
    people = NOUNS[subject.noun] | NOUNS["person"]
    is_introduced = False
    for sentence in text.lower().split("."):
        words: list[str] = [w.removesuffix("'s") for w in _WORD.findall(sentence)]
        for i, word in enumerate(words):
            if word in PICTURE_NOUNS and is_introduced and not _is_scene(words, i):
                return word
            if word in people and is_introduced and not _points_back(words, i, people):
                return word
            is_introduced |= word in people or word == subject.pronoun
    return None


def _is_scene(words: Sequence[str], i: int) -> bool:
    """Whether the picture noun is that of "in this picture" or of "The picture is blurry"."""
    if i < 1 or words[i - 1] not in _DEFINITE:
        return False
    return words[i - 2] == "in" if i > 1 else words[i + 1 : i + 2] == ["is"]


def _points_back(words: Sequence[str], i: int, people: Collection[str]) -> bool:
    """Whether the noun is definite and begins a clause, or goes on with the noun before it."""
    if i and words[i - 1] in people:
        return True
    begin = i
    while begin and words[begin - 1] in _ADJECTIVES:
        begin -= 1
    is_definite = begin > 0 and words[begin - 1] in _DEFINITE
    return is_definite and (begin < 2 or words[begin - 2] not in NEUTRAL)
