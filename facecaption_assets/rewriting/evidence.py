"""Which attributes a caption's tokens name, and which tokens are left over.

An adjective counts only with its noun: of "brown eyes and hair" nothing is taken, and what is left
is somebody else's to refuse. What the words are belongs to ``evidence_words``.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from facecaption_assets.rewriting.evidence_words import FRAMES, THINGS, TRAITS, Frame
from facecaption_assets.rewriting.phrase_table import PhraseTable
from facecaption_assets.rewriting.tokens import MARKS
from facecaption_assets.rewriting.vocabulary import DETERMINERS, LINKS, PEOPLE, SUBJECT_PRONOUNS


class Taken(Enum):
    """What a token was taken as."""

    THING = "thing"
    TRAIT = "trait"


@dataclass
class Evidence:
    """What was found.

    Attributes:
        tokens: The caption's tokens.
        taken: What each token was taken as; None where it is left over.
        named: Attribute and place of each piece of evidence.
    """

    tokens: Sequence[str]
    taken: list[Taken | None] = field(init=False)
    named: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.taken = [None] * len(self.tokens)

    def take(self, begin: int, end: int, name: str | None, kind: Taken) -> None:
        """Mark tokens as taken; a noun has no name of its own."""
        self.taken[begin:end] = [kind] * (end - begin)
        if name:
            self.named.append((name, begin))


_Span = tuple[int, int, str]

_THINGS: Final = PhraseTable(THINGS)
_TRAITS: Final = PhraseTable(TRAITS)
_NOUNS: Final = PhraseTable({i: frame.nouns for i, frame in enumerate(FRAMES)})
_COMPOUNDS: Final = PhraseTable({i: frame.compounds for i, frame in enumerate(FRAMES)})
_ADJECTIVES: Final = tuple(PhraseTable(frame.adjectives) for frame in FRAMES)
_COLOURS_AND_SHAPES: Final = PhraseTable(
    {"": ("in color|colour|shape|tone|texture|form|style",)}
)

#: Frames whose noun stands for the person: what is said of the face is said of them.
_OF_PERSON: Final = frozenset(
    i for i, frame in enumerate(FRAMES) if {"face", "appearance", "build"} & set(frame.nouns)
)
_SUBJECTS: Final = PEOPLE | SUBJECT_PRONOUNS | {"who"}
#: What the person does, no thing.
_DEEDS: Final = frozenset({"smiles", "grins"})

#: Traits that can stand for the person: "a young blonde".
_NOUN_TRAITS: Final = frozenset({"blonde", "brunette"})

_SENTENCE_MARKS: Final = frozenset({".", ";", ":", "while"})
_CLAUSE_MARKS: Final = _SENTENCE_MARKS | {","}
_POSSESSIVES: Final = frozenset({"his", "her", "their"})

#: What begins a sentence whose subject comes later: "Wearing a hat, the woman is ...".
_FRONTED: Final = frozenset({"wearing", "with", "in", "sporting", "featuring", "having", "under"})


def find_evidence(tokens: Sequence[str]) -> Evidence:
    """Read the tokens: phrases first, then adjectives with their nouns, then what the person is."""
    found = Evidence(tokens)
    _take_things(found)
    _take_frames(found)
    _take_traits(found)
    return found


def _take_things(found: Evidence) -> None:
    i = 0
    while i < len(found.tokens):
        if match := _THINGS.starting(found.tokens, i):
            end, name = match
            kind = Taken.TRAIT if found.tokens[i] in _DEEDS else Taken.THING
            found.take(i, end, name, kind)
            i = end
        else:
            i += 1


def _take_frames(found: Evidence) -> None:
    for i in range(len(found.tokens)):
        if found.taken[i]:
            continue
        if match := _NOUNS.starting(found.tokens, i):
            end, index = match
            spans = [*_before(found, index, i), *_after(found, index, end)]
            kind = Taken.THING
        elif match := _COMPOUNDS.starting(found.tokens, i):
            end, index = match
            spans = list(_before(found, index, i))
            kind = Taken.TRAIT
        else:
            continue
        if not spans:
            continue
        found.take(i, end, FRAMES[index].means, kind)
        told: set[str] = set()
        for begin, stop, name in spans:
            found.take(begin, stop, None if name in told else name, kind)
            told.add(name)


def _before(found: Evidence, index: int, noun: int) -> list[_Span]:
    """Adjectives of a frame in front of its noun: "wavy, brown hair"."""
    spans: list[_Span] = []
    end = noun
    while match := _ADJECTIVES[index].ending(found.tokens, end):
        begin, name = match
        if any(found.taken[begin:end]):
            break
        spans.insert(0, (begin, end, name))
        end = begin
        while end and found.tokens[end - 1] in {",", "and", "but"}:
            end -= 1
    if spans and found.tokens[spans[0][0] - 1] in {"is", "are"} and len(spans) > 1:
        # "Her hat is black and brown hair ...": the first one belongs to the other noun.
        is_there = spans[0][0] > 1 and found.tokens[spans[0][0] - 2] in {"there", "here"}
        spans = spans if is_there else [s for s in spans if _joined(found.tokens, s[1], noun)]
    return spans


def _joined(tokens: Sequence[str], begin: int, end: int) -> bool:
    return not {",", "and", "but"} & set(tokens[begin:end])


def _after(found: Evidence, index: int, noun_end: int) -> list[_Span]:
    """Adjectives of a frame behind its noun: "hair, which is wavy and brown,"."""
    tokens = found.tokens
    begin = _skip_owner(tokens, noun_end)
    linking = LINKS | {",", "-", "of"}
    while (
        begin < len(tokens)
        and tokens[begin] in linking
        and not _ADJECTIVES[index].starting(tokens, begin)
    ):
        if tokens[begin] == ("is" if FRAMES[index].plural else "are"):
            return []
        if tokens[begin] in {"is", "are"}:
            linking = LINKS | {"a", "shade", "of"}
        begin += 1
    spans: list[_Span] = []
    while match := _ADJECTIVES[index].starting(tokens, begin):
        end, name = match
        if any(found.taken[begin:end]):
            break
        spans.append((begin, end, name))
        begin = end
        while begin < len(tokens) and tokens[begin] in {",", "and", "but"}:
            begin += 1
    while spans and _begins_thing(found, spans[-1][1]):
        spans.pop()
    if spans and (tail := _COLOURS_AND_SHAPES.starting(tokens, spans[-1][1])):
        begin, _, name = spans[-1]
        spans[-1] = (begin, tail[0], name)
    return spans


def _skip_owner(tokens: Sequence[str], begin: int) -> int:
    """Past the person in "the eyes of the young woman are"."""
    if tokens[begin : begin + 1] != ["of"]:
        return begin
    for end in range(begin + 2, min(begin + 5, len(tokens))):
        if tokens[end] in PEOPLE:
            return end + 1
    return begin


def _begins_thing(found: Evidence, i: int) -> bool:
    """Whether a noun that is not the person, or an adjective of one, stands here."""
    if i >= len(found.tokens) or found.tokens[i] in MARKS:
        return False
    if found.taken[i] is Taken.THING:
        return True
    match = _NOUNS.starting(found.tokens, i)
    return match is not None or any(table.starting(found.tokens, i) for table in _ADJECTIVES)


def _take_traits(found: Evidence) -> None:
    spans = list(_trait_spans(found))
    for run in _runs(found.tokens, spans):
        if _is_of_person(found, run):
            for begin, end, name in run:
                found.take(begin, end, name, Taken.TRAIT)


def _trait_spans(found: Evidence) -> Iterator[_Span]:
    """Traits that are still to be taken, and compounds, which have been, without a name."""
    i = 0
    while i < len(found.tokens):
        if found.taken[i] is Taken.TRAIT:
            yield i, i + 1, ""
            i += 1
        elif not found.taken[i] and (match := _TRAITS.starting(found.tokens, i)):
            yield i, *match
            i = match[0]
        else:
            i += 1


def _runs(tokens: Sequence[str], spans: Sequence[_Span]) -> Iterator[list[_Span]]:
    """Traits that follow each other with nothing but commas and "and" between them."""
    run: list[_Span] = []
    for span in spans:
        if run and not set(tokens[run[-1][1] : span[0]]) <= {",", "and", "but"}:
            yield run
            run = []
        run.append(span)
    if run:
        yield run


def _is_of_person(found: Evidence, run: Sequence[_Span]) -> bool:
    """Whether a run of traits is said of the person and not of a thing."""
    tokens, begin, end = found.tokens, run[0][0], run[-1][1]
    if _begins_thing(found, end) and not _begins_person(tokens, end):
        return False
    before = tokens[begin - 1] if begin else "."
    if before in LINKS:
        return _is_said_of_person(found, begin)
    if before in DETERMINERS and not _begins_person(tokens, end):
        return any(tokens[span[0]] in _NOUN_TRAITS for span in run)
    return not (begin and found.taken[begin - 1] is Taken.THING)


def _begins_person(tokens: Sequence[str], i: int) -> bool:
    if tokens[i : i + 1] and tokens[i] in PEOPLE:
        return True
    match = _NOUNS.starting(tokens, i)
    return match is not None and match[1] in _OF_PERSON


def _is_said_of_person(found: Evidence, i: int) -> bool:
    """Whether the clause whose predicate begins at ``i`` has the person as its subject."""
    tokens = found.tokens
    end = i
    while end and tokens[end - 1] in LINKS:
        end -= 1
    if not end or tokens[end - 1] in _SUBJECTS:
        return True
    if "which" in tokens[end:i]:
        return False
    begin = _back_to(tokens, end - 1, _CLAUSE_MARKS)
    clause = [*tokens[begin:end]]
    clause = [token for token in tokens[begin:end] if token != "and"]
    if clause and clause[0] in _POSSESSIVES:
        return False
    begin = _back_to(tokens, end - 1, _SENTENCE_MARKS)
    for j in range(begin, end):
        if tokens[j] in _SUBJECTS and tokens[j + 1 : j + 2] != ["'s"]:
            return True
        if found.taken[j] is Taken.THING or _NOUNS.starting(tokens, j):
            return j > begin and tokens[begin] in _FRONTED
    return True


def _back_to(tokens: Sequence[str], i: int, marks: Collection[str]) -> int:
    """The place after the last of the marks before ``i``."""
    while i and tokens[i - 1] not in marks:
        i -= 1
    return i
