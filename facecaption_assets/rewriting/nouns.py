"""Things, and adjectives with their nouns: "a hat", "wavy, brown hair", "hair that is brown".

An adjective counts only with its noun: of "brown eyes and hair" nothing is taken, and what is left
over is somebody else's to refuse.
"""

from collections.abc import Sequence
from typing import Final

from facecaption_assets.rewriting.evidence import (
    ADJECTIVE_TABLES,
    COMPOUND_TABLE,
    NOUN_TABLE,
    SEPARATORS,
    THING_TABLE,
    Evidence,
    Span,
    Taken,
)
from facecaption_assets.rewriting.evidence_words import FRAMES
from facecaption_assets.rewriting.phrase_table import PhraseTable
from facecaption_assets.rewriting.vocabulary import LINKS, PEOPLE

#: What the person does, no thing.
_DEEDS: Final = frozenset({"smiles", "grins"})

#: What may stand between a noun and the adjective that follows it, and after "is" also.
_LINKING: Final = LINKS | {",", "-", "of"}
_AFTER_COPULA: Final = LINKS | {"a", "shade", "of"}

_TAILS: Final = PhraseTable({"": ("in color|colour|shape|tone|texture|form|style",)})


def take_things(found: Evidence) -> None:
    """Take what names an attribute by itself."""
    i = 0
    while i < len(found.tokens):
        if match := THING_TABLE.starting(found.tokens, i):
            end, name = match
            kind = Taken.TRAIT if found.tokens[i] in _DEEDS else Taken.THING
            found.take(i, end, name, kind)
            i = end
        else:
            i += 1


def take_nouns(found: Evidence) -> None:
    """Take nouns together with the adjectives that name an attribute of them."""
    for i in range(len(found.tokens)):
        if found.taken[i]:
            continue
        if match := NOUN_TABLE.starting(found.tokens, i):
            end, frame = match
            spans = [*_before(found, frame, i), *_after(found, frame, end)]
            _take(found, (i, end), frame, spans, Taken.THING)
        elif match := COMPOUND_TABLE.starting(found.tokens, i):
            end, frame = match
            _take(found, (i, end), frame, _before(found, frame, i), Taken.TRAIT)


def _take(
    found: Evidence, noun: tuple[int, int], frame: int, spans: Sequence[Span], kind: Taken
) -> None:
    """Take a noun and its adjectives; two different ones that say the same name it once."""
    if not spans:
        return
    found.take(*noun, FRAMES[frame].means, kind)
    told: dict[str, Sequence[str]] = {}
    for begin, end, name in spans:
        words = found.tokens[begin:end]
        is_synonym = told.setdefault(name, words) != words
        found.take(begin, end, None if is_synonym else name, kind)


def _before(found: Evidence, frame: int, noun: int) -> list[Span]:
    """Adjectives in front of a noun: "wavy, brown hair"."""
    tokens = found.tokens
    spans: list[Span] = []
    end = noun
    while match := ADJECTIVE_TABLES[frame].ending(tokens, end):
        begin, name = match
        if any(found.taken[begin:end]):
            break
        spans.insert(0, (begin, end, name))
        end = begin
        while end and tokens[end - 1] in SEPARATORS:
            end -= 1
    if len(spans) < 2 or tokens[spans[0][0] - 1] not in {"is", "are"}:
        return spans
    # "Her hat is black and brown hair ...": what the separator cuts off is the other noun's.
    is_there = spans[0][0] > 1 and tokens[spans[0][0] - 2] in {"there", "here"}
    return [s for s in spans if is_there or not SEPARATORS & set(tokens[s[1] : noun])]


def _after(found: Evidence, frame: int, noun_end: int) -> list[Span]:
    """Adjectives behind a noun: "hair, which is wavy and brown,"."""
    tokens = found.tokens
    begin = _first_adjective(tokens, frame, noun_end)
    spans: list[Span] = []
    while match := ADJECTIVE_TABLES[frame].starting(tokens, begin):
        end, name = match
        if any(found.taken[begin:end]):
            break
        spans.append((begin, end, name))
        begin = end
        while begin < len(tokens) and tokens[begin] in SEPARATORS:
            begin += 1
    while spans and found.begins_thing(spans[-1][1]):
        spans.pop()
    if spans and (tail := _TAILS.starting(tokens, spans[-1][1])):
        begin, _, name = spans[-1]
        spans[-1] = (begin, tail[0], name)
    return spans


def _first_adjective(tokens: Sequence[str], frame: int, noun_end: int) -> int:
    """Where an adjective of the noun may follow; behind everything where the verb disagrees."""
    begin = _skip_owner(tokens, noun_end)
    wrong = "is" if FRAMES[frame].plural else "are"
    linking = _LINKING
    while begin < len(tokens) and tokens[begin] in linking:
        if ADJECTIVE_TABLES[frame].starting(tokens, begin):
            break
        if tokens[begin] == wrong:
            return len(tokens)
        if tokens[begin] in {"is", "are"}:
            linking = _AFTER_COPULA
        begin += 1
    return begin


def _skip_owner(tokens: Sequence[str], begin: int) -> int:
    """Past the person in "the eyes of the young woman are"."""
    if tokens[begin : begin + 1] != ["of"]:
        return begin
    for end in range(begin + 2, min(begin + 5, len(tokens))):
        if tokens[end] in PEOPLE:
            return end + 1
    return begin
