"""Template captions → the subject and the attributes that they name: the grammar read backwards.

A text is read by the lexicon and the sentence frames, which gives its derivation: who is spoken of,
and which things each sentence tells in which order. Then it is asked whether the grammar allows
this derivation: the tellings of each topic, a plan, how sentences begin. So what is returned is
what the grammar says, letter by letter, not what some keywords suggest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from facecaption_assets.captions.arranging import Sentence, arrange
from facecaption_assets.captions.grammar import MAY_BE_QUALITIES, possible_qualities
from facecaption_assets.captions.lexicon import Mention, Named, frames_by_symbols, read_symbols
from facecaption_assets.captions.pcfg import Choices
from facecaption_assets.captions.plans import PLANS
from facecaption_assets.captions.sentences import Frame, banned_opening, frames
from facecaption_assets.captions.subjects import Subject
from facecaption_assets.captions.tellings import (
    Telling,
    Thing,
    role_order,
    tellings,
    topics_are_together,
)

#: Things that are told by words of the frame, by role.
_WORDLESS: Final = {
    thing.role: thing
    for topic, name in (("expression", "Smiling"), ("picture", "Blurry"))
    for telling in tellings(topic, frozenset({name}), "their").items
    for thing in telling
}


class NotATemplateCaption(ValueError):
    """A text that the grammar of template captions cannot have produced."""


@dataclass(frozen=True)
class ParsedCaption:
    """The subject and the positive attributes of a template caption."""

    subject: Subject
    attributes: frozenset[str]


@dataclass(frozen=True)
class _Sentence:
    """A sentence as read: its frame and shape, who is mentioned, and what is told."""

    frame: Frame
    shape: str
    mentions: list[Mention]
    named: list[Named]
    things: Telling


def parse_caption(text: str) -> ParsedCaption:
    """Subject and attributes of a template caption.

    Raises:
        NotATemplateCaption: If the grammar cannot have produced the text.
    """
    sentences = _read(text)
    person = next((m for m in sentences[0].mentions if m.subject), None)
    if person is None or person.subject is None:
        raise NotATemplateCaption(f"nobody is presented: {text!r}")
    subject = person.subject
    if not all(_agrees(s, subject, person if s is sentences[0] else None) for s in sentences):
        raise NotATemplateCaption(f"more than one person: {text!r}")
    names = [name for s in sentences for thing in s.things for name in thing.names]
    if person.quality:
        names.append(person.quality)
    attributes = frozenset(names)
    if len(names) != len(attributes):
        raise NotATemplateCaption(f"something is told twice: {text!r}")
    if (
        person.quality not in (None, *possible_qualities(attributes & MAY_BE_QUALITIES))
        or not _may_follow_so(sentences, subject)
        or not _is_planned(sentences, subject)
    ):
        raise NotATemplateCaption(f"not put together by the grammar: {text!r}")
    told_of = (("Male", subject.male is True), ("Young", person.is_young))
    return ParsedCaption(subject, attributes.union(name for name, is_so in told_of if is_so))


def _read(text: str) -> list[_Sentence]:
    """The sentences; the number of the pronouns is that of the first person."""
    if not text.endswith("."):
        raise NotATemplateCaption(f"no full stop at the end: {text!r}")
    found: list[_Sentence] = []
    is_plural = False
    for sentence in text[:-1].split(". "):
        if not sentence[:1].isupper():
            raise NotATemplateCaption(f"a sentence without a capital: {text!r}")
        symbols, meanings = read_symbols(f"{sentence[0].lower()}{sentence[1:]}.")
        mentions = [m for m in meanings if isinstance(m, Mention)]
        if not found:
            is_plural = any(m.subject and m.subject.male is None for m in mentions)
        read = frames_by_symbols(not found, is_plural).get(symbols)
        if read is None:
            raise NotATemplateCaption(f"not worded by the grammar: {sentence!r} of {text!r}")
        shape, frame = read
        named = [m for m in meanings if isinstance(m, Named)]
        found.append(_Sentence(frame, shape, mentions, named, _things(shape, named)))
    return found


def _things(shape: str, named: Iterable[Named]) -> Telling:
    """What a sentence tells, by role; in the order of reading within a role."""
    wordless = [_WORDLESS[role] for role in shape if role in _WORDLESS]
    return tuple(sorted((*(n.thing for n in named), *wordless), key=role_order))


def _agrees(sentence: _Sentence, subject: Subject, person: Mention | None) -> bool:
    """Whether all of the sentence is of the subject; after the first, its noun stands alone."""
    possessives = {n.possessive for n in sentence.named}
    pronouns = {m.pronoun for m in sentence.mentions if m.pronoun}
    nouns = {m for m in sentence.mentions if m.subject}
    return (
        possessives <= {None, subject.possessive}
        and pronouns <= {subject.pronoun, subject.possessive}
        and nouns <= {person or Mention(subject)}
    )


def _may_follow_so(sentences: Sequence[_Sentence], subject: Subject) -> bool:
    """Whether no sentence begins, or says "also", as it must not after those before it."""
    openings: list[str] = []
    may_add = True
    for sentence in sentences:
        banned = banned_opening(openings)
        allowed = frames(not openings, subject.male is None, sentence.shape, banned, may_add)
        if allowed and _kind(sentence.frame) not in _kinds(allowed):
            return False
        openings.append(sentence.frame.opening)
        may_add = may_add and not sentence.frame.adds
    return True


def _kind(frame: Frame) -> tuple[str, bool]:
    return frame.opening, frame.adds


@cache
def _kinds(choices: Choices[Frame]) -> frozenset[tuple[str, bool]]:
    return frozenset(map(_kind, choices.items))


def _is_planned(sentences: Sequence[_Sentence], subject: Subject) -> bool:
    """Whether each topic is told in one of its ways, and the sentences are those of a plan."""
    told: dict[str, list[Thing]] = {}
    for thing in (thing for sentence in sentences for thing in sentence.things):
        told.setdefault(thing.topic, []).append(thing)
    ordered = {topic: tuple(sorted(things, key=role_order)) for topic, things in told.items()}
    are_told = all(
        things in _allowed_tellings(topic, _names(things), subject.possessive)
        for topic, things in ordered.items()
    )
    are_together = all(topics_are_together(sentence.things) for sentence in sentences)
    contents = [frozenset(sentence.things) for sentence in sentences]
    return (
        are_told
        and are_together
        and any(contents == _contents(arrange(plan, ordered)) for plan in PLANS)
    )


def _contents(sentences: Iterable[Sentence]) -> list[frozenset[Thing]]:
    return [frozenset(things) for _, things in sentences]


def _names(things: Telling) -> frozenset[str]:
    return frozenset(name for thing in things for name in thing.names)


@cache
def _allowed_tellings(topic: str, names: frozenset[str], possessive: str) -> frozenset[Telling]:
    return frozenset(tellings(topic, names, possessive).items)
