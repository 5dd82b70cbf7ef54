"""The words of the grammar, for reading: a text becomes symbols, and symbols become frames.

The lexicon holds every person, pronoun and thing that the grammar can word; the longest match
counts. A sentence of symbols is looked up among all frames of ``sentences``. Whether what was read
belongs together is judged by ``parsing``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, Final

from facecaption_assets.captions.grammar import person_forms
from facecaption_assets.captions.sentences import PERSON_FORMS, Frame, every_frame
from facecaption_assets.captions.subjects import NOUNS, Subject
from facecaption_assets.captions.tellings import TOPICS_TOLD, Thing, tellings
from facecaption_assets.captions.wordings import QUALITIES

#: Mark of a word after which an entry ends, in the lexicon's tree.
_END: Final = " "


@dataclass(frozen=True)
class Mention:
    """The person, in some form; None where the form does not tell."""

    subject: Subject | None = None
    is_young: bool = False
    quality: str | None = None
    pronoun: str | None = None


@dataclass(frozen=True)
class Named:
    """A thing as it is worded, with the possessive in its wording, if any."""

    thing: Thing
    possessive: str | None = None


@dataclass(frozen=True)
class Entry:
    """What stands for some words: the symbol in a sentence, and what it says."""

    symbol: str
    meaning: Mention | Named


#: A tree of words; ``_END`` leads to the entry that ends there.
_Tree = dict[str, Any]


def read_symbols(sentence: str) -> tuple[str, list[Mention | Named]]:
    """A sentence with a symbol for each entry of the lexicon; and what the entries say.

    Args:
        sentence: Without its capital.
    """
    words = _tokens(sentence)
    tree = _tree()
    symbols: list[str] = []
    meanings: list[Mention | Named] = []
    at = 0
    while at < len(words):
        entry, end = _longest(tree, words, at)
        if entry is None:
            symbols.append(words[at])
            at += 1
        else:
            symbols.append(entry.symbol)
            meanings.append(entry.meaning)
            at = end
    return " ".join(symbols), meanings


def _tokens(sentence: str) -> list[str]:
    return sentence.replace(",", " ,").replace(".", " .").split(" ")


def _longest(tree: _Tree, words: list[str], at: int) -> tuple[Entry | None, int]:
    """The longest entry that begins at a word, and where it ends."""
    found, end = None, at
    node = tree.get(words[at])
    while node is not None:
        at += 1
        if _END in node:
            found, end = node[_END], at
        node = node.get(words[at]) if at < len(words) else None
    return found, end


@cache
def _tree() -> _Tree:
    root: _Tree = {}
    for text, entry in (*_persons(), *_things()):
        node = root
        for word in _tokens(text):
            node = node.setdefault(word, {})
        node[_END] = entry
    return root


def _persons() -> Iterator[tuple[str, Entry]]:
    for who in (Subject(male, child) for male, child in NOUNS):
        for is_young, quality in product((False, True), (None, *QUALITIES)):
            mention = Mention(who, is_young, quality)
            forms = dict(zip(PERSON_FORMS, person_forms(who, is_young, quality), strict=True))
            for form in ("a", "the", "this"):
                yield forms[form], Entry(f"<{form}>", mention)
                yield f"{forms[form]}'s", Entry(f"<{form}>'s", mention)
        yield who.pronoun, Entry("<she>", Mention(pronoun=who.pronoun))
        yield who.possessive, Entry("<her>", Mention(pronoun=who.possessive))


def _things() -> Iterator[tuple[str, Entry]]:
    for topic, every in TOPICS_TOLD.items():
        for names in _subsets(every):
            for possessive in ("his", "her", "their"):
                for telling in tellings(topic, names, possessive).items:
                    for thing in telling:
                        for text in filter(None, thing.wordings.items):
                            said = possessive if possessive in text.split() else None
                            yield text, Entry(f"<{thing.role}>", Named(thing, said))


def _subsets(names: tuple[str, ...]) -> Iterator[frozenset[str]]:
    for chosen in product((False, True), repeat=len(names)):
        if any(chosen):
            yield frozenset(name for name, is_in in zip(names, chosen, strict=True) if is_in)


@cache
def frames_by_symbols(is_first: bool, is_plural: bool) -> dict[str, tuple[str, Frame]]:
    """The shape and frame of every sentence, by the symbols as which it is read."""
    forms = [f"<{form}>" for form in PERSON_FORMS]
    return {
        " ".join(_tokens(frame.text.format(*forms, *(f"<{role}>" for role in shape)))): (
            shape,
            frame,
        )
        for shape, frame in every_frame(is_first, is_plural)
    }
