"""What the person is said to be: "a young, bespectacled man", "she is bald", "the young blonde".

A trait that stands with a thing, as in "a young hat" or "her hat is young", is not taken.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from facecaption_assets.rewriting.clauses import is_said_of_person
from facecaption_assets.rewriting.evidence import (
    NOUN_TABLE,
    SEPARATORS,
    TRAIT_TABLE,
    Evidence,
    Span,
    Taken,
)
from facecaption_assets.rewriting.evidence_words import FRAMES
from facecaption_assets.rewriting.vocabulary import DETERMINERS, HAIR_NOUNS, LINKS, PEOPLE

#: Frames whose noun stands for the person: what is said of the face is said of them.
_OF_PERSON: Final = frozenset(
    i for i, frame in enumerate(FRAMES) if {"face", "appearance", "build"} & set(frame.nouns)
)

#: After these, an adjective is that of a thing: "has young, brown hair".
_HOLDING: Final = frozenset({"has", "have", "having", "with", "wears", "wearing"})


def take_traits(found: Evidence) -> None:
    """Take what is said of the person; nouns and their adjectives have been taken before."""
    for run in _runs(found.tokens, _trait_spans(found)):
        if _is_of_person(found, run):
            for begin, end, name in run:
                found.take(begin, end, name, Taken.TRAIT)


def _trait_spans(found: Evidence) -> list[Span]:
    """Traits that are still to be taken, and those that were, without a name."""
    spans: list[Span] = []
    i = 0
    while i < len(found.tokens):
        if found.taken[i] is Taken.TRAIT:
            spans.append((i, i + 1, ""))
            i += 1
        elif not found.taken[i] and (match := TRAIT_TABLE.starting(found.tokens, i)):
            spans.append((i, *match))
            i = match[0]
        else:
            i += 1
    return spans


def _runs(tokens: Sequence[str], spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Traits that follow each other with nothing but separators between them."""
    run: list[Span] = []
    for span in spans:
        if run and not set(tokens[run[-1][1] : span[0]]) <= SEPARATORS:
            yield run
            run = []
        run.append(span)
    if run:
        yield run


def _is_of_person(found: Evidence, run: Sequence[Span]) -> bool:
    tokens, begin, end = found.tokens, run[0][0], run[-1][1]
    is_before_person = _begins_person(tokens, end)
    if found.begins_thing(end) and not is_before_person:
        return False
    before = tokens[begin - 1] if begin else "."
    if before in _HOLDING and tokens[end : end + 1] == [","] and found.begins_thing(end + 1):
        return False
    if before in LINKS:
        return is_said_of_person(found, begin)
    if before in DETERMINERS and not is_before_person:
        return any(tokens[span[0]] in HAIR_NOUNS for span in run)
    return not (begin and found.taken[begin - 1] is Taken.THING)


def _begins_person(tokens: Sequence[str], i: int) -> bool:
    if i < len(tokens) and tokens[i] in PEOPLE:
        return True
    match = NOUN_TABLE.starting(tokens, i)
    return match is not None and match[1] in _OF_PERSON
