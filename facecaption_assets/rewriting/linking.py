"""Whether each thing is said of the person: "man, black hair, glasses" is a list of tags.

Also whether what is worn is said to be on the person: "a man beside a hat" wears none. Guesses from
the words next to each other, no parser.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from facecaption_assets.rewriting.evidence import Evidence, Taken
from facecaption_assets.rewriting.tokens import word_set
from facecaption_assets.rewriting.vocabulary import (
    LINKING_WORDS,
    OBJECT_VERBS,
    PEOPLE,
    PICTURE_NOUNS,
    SUBJECT_PRONOUNS,
    THING_VERBS,
    VERBS,
)

_DETERMINERS: Final = word_set("a an the his her their this")
_ARTICLES: Final = frozenset({"a", "an", "the"})

#: One of these makes a sentence of things and persons, or ties a thing to a person.
_TIES: Final = VERBS | THING_VERBS | OBJECT_VERBS | LINKING_WORDS

#: Verbs that are said of a thing before a comma: "in this photo of a man, glasses sit on his nose".
_SAID_OF_THINGS: Final = _TIES - word_set("with in of by on wearing wears")

_DEEDS: Final = word_set("smile smiles grin grins")

_WORN: Final = word_set(
    "hat glasses eyeglasses spectacles specs eyewear earrings earring necklace necktie tie lipstick"
)

#: What is near something is not on it.
_NEAR: Final = word_set("near beside between")
#: Places that things have next to a part of the face, but not next to the person.
_PLACES: Final = _NEAR | word_set("behind below beneath under underneath above over alongside")
#: Verbs of showing and giving, with which nobody wears anything.
_GIVING: Final = word_set("offers offering gives giving presents presenting carries carrying")


def find_loose_thing(found: Evidence) -> str | None:
    """The words of the first thing that no word ties to the person, or None."""
    tokens = found.tokens
    for begin, end in _sentences(tokens):
        things = [
            i
            for i in range(begin, end)
            if found.taken[i] is Taken.THING and not _is_deed(tokens, i)
        ]
        if things and not _TIES & set(tokens[begin:end]):
            return tokens[things[0]]
        for i in range(begin, end):
            if place := _loose_after(found, i, end):
                return " ".join(tokens[i : place + 1])
    return None


def find_unworn(found: Evidence) -> str | None:
    """The words that say of what is worn that it is elsewhere, or None."""
    tokens = found.tokens
    for i, token in enumerate(tokens):
        place = _past_determiner(tokens, i + 1)
        following = tokens[place : place + 1]
        is_worn = bool(following) and following[0] in _WORN and found.taken[place] is not None
        if is_worn and (token in _GIVING or (token in _NEAR and tokens[i + 1] in _ARTICLES)):
            return " ".join(tokens[i : place + 1])
        if token in _PLACES and _is_person(found, i + 1):
            return " ".join(tokens[i : i + 2])
    return None


def _is_deed(tokens: Sequence[str], i: int) -> bool:
    """Whether the word is the verb of "they smile"."""
    before = tokens[i - 1] if i else ""
    return tokens[i] in _DEEDS and before in SUBJECT_PRONOUNS | {"also", "both"}


def _sentences(tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
    begin = 0
    for end, token in enumerate([*tokens, "."]):
        if token in {".", ";"}:
            yield begin, end
            begin = end + 1


def _loose_after(found: Evidence, i: int, end: int) -> int | None:
    """Where a thing stands right after the person or picture at ``i``, with nothing to tie it."""
    tokens = found.tokens
    if tokens[i] in PICTURE_NOUNS:
        return _pictured(found, i)
    if tokens[i] not in PEOPLE | SUBJECT_PRONOUNS or i + 1 >= end:
        return None
    place, mark = i + 1, tokens[i + 1]
    if mark in {",", "and"}:
        place += 1
    if mark == "and" and tokens[place : place + 1] in (["a"], ["an"]):
        place += 1
    if place >= end or found.taken[place] is not Taken.THING:
        return None
    if tokens[i + 1] in _DEEDS | {"'s"} or ("No_Beard", place) in found.named:
        return None
    if mark in {",", "and"} and _SAID_OF_THINGS & set(tokens[place:end]):
        return None
    return place


def _pictured(found: Evidence, i: int) -> int | None:
    """Where a thing is pictured in place of the person: "a portrait of a smile", "a hat photo"."""
    tokens = found.tokens
    if found.taken[i] is not None:
        return None
    if i and found.taken[i - 1] is Taken.THING:
        return i
    if tokens[i + 1 : i + 2] != ["of"]:
        return None
    place = _past_determiner(tokens, i + 2)
    return place if place < len(tokens) and found.taken[place] is Taken.THING else None


def _past_determiner(tokens: Sequence[str], i: int) -> int:
    return i + 1 if i < len(tokens) and tokens[i] in _DETERMINERS else i


def _is_person(found: Evidence, begin: int) -> bool:
    """Whether the person, and not a part of the face, stands at ``begin``."""
    tokens = found.tokens
    if begin < len(tokens) and tokens[begin] in {"him", "them"}:
        return found.taken[begin] is None
    end = begin
    while end < len(tokens) and (
        tokens[end] in _DETERMINERS or found.taken[end] is Taken.TRAIT or tokens[end] in PEOPLE
    ):
        if tokens[end] in PEOPLE:
            return tokens[end + 1 : end + 2] != ["'s"]
        end += 1
    is_object = tokens[begin : begin + 1] == ["her"] and end == begin + 1
    return is_object and (end == len(tokens) or tokens[end] in {".", ",", ";", "and"})
