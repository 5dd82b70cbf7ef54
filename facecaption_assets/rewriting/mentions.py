"""Whether a caption speaks of one person in one picture.

Each noun may be licensed and still be one too many: "A man is with a person who is smiling." The
person may be introduced once; later mentions must point back, as "the man" does, or say what the
person is, as "she is a young woman" does. A picture may be spoken of before the person, or as the
place where the person is.
"""

from collections.abc import Collection, Sequence
from typing import Final

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.evidence import Evidence, Taken
from facecaption_assets.rewriting.tokens import word_set
from facecaption_assets.rewriting.vocabulary import HAIR_NOUNS, NOUNS, PICTURE_NOUNS

_DEFINITE: Final = frozenset({"the", "this"})
_INDEFINITE: Final = frozenset({"a", "an"})

#: What brings in company: "with the man", "a man and the man".
_JOINING: Final = word_set(
    "with and beside near to at by from for like alongside behind under plus"
)
_VERBS: Final = word_set("is has wears smiles 's dons sports displays who")


def find_stray_mention(found: Evidence, subject: Subject) -> str | None:
    """The first noun that brings in another person or picture, or None.

    Args:
        found: The caption's tokens, and which of them say what the person is.
        subject: Whom alone it may speak of.
    """
    tokens = found.tokens
    people = NOUNS[subject.noun] | NOUNS["person"]
    is_introduced = False
    for i, token in enumerate(tokens):
        if token in PICTURE_NOUNS and is_introduced and not _is_scene(found, i):
            return token
        if token in people and is_introduced and not _points_back(found, i, people):
            return token
        is_introduced |= token in people or token == subject.pronoun or _stands_for_person(found, i)
    return None


def _stands_for_person(found: Evidence, i: int) -> bool:
    """Whether the word is the noun of "a blonde is" or "this brunette with"."""
    is_noun = found.tokens[i] in HAIR_NOUNS and found.taken[i] is Taken.TRAIT
    following = found.tokens[i + 1 : i + 2]
    return is_noun and bool(following) and following[0] in _VERBS | {"with", "in", "and"}


def _is_scene(found: Evidence, i: int) -> bool:
    """Whether the picture noun is that of "in this picture" or of "The picture is blurry"."""
    tokens = found.tokens
    begin = _noun_phrase(found, i)
    if begin and tokens[begin - 1] in {"in", "of", "throughout"}:
        return tokens[begin] in _DEFINITE | _INDEFINITE
    is_known = tokens[begin] in _DEFINITE or tokens[i - 1] in {"'s", "his", "her", "their"}
    return is_known and tokens[i + 1 : i + 2] == ["is"]


def _points_back(found: Evidence, i: int, people: Collection[str]) -> bool:
    """Whether the noun takes up the person, or says what the person is."""
    tokens = found.tokens
    if i and tokens[i - 1] in people:
        return True
    begin = _noun_phrase(found, i)
    before = tokens[begin - 1] if begin else "."
    if tokens[begin] in _INDEFINITE:
        return before in {"is", "as", ",", "'s"}
    if tokens[begin] not in _DEFINITE:
        return False
    return before not in _JOINING or (before == "and" and _is_clause(tokens, i))


def _is_clause(tokens: Sequence[str], i: int) -> bool:
    return bool(_VERBS & set(tokens[i + 1 : i + 2]))


def _noun_phrase(found: Evidence, i: int) -> int:
    """Where the noun's phrase begins: at its determiner, if only what the person is lies between.

    Of a picture, what it is was taken as a thing.
    """
    begin = i
    while begin and (found.taken[begin - 1] is not None or found.tokens[begin - 1] in {",", "and"}):
        begin -= 1
    is_determined = begin and found.tokens[begin - 1] in _DEFINITE | _INDEFINITE
    return begin - 1 if is_determined else i
