"""Template captions → the attributes that they name: the grammar read backwards.

The words of the caption propose a subject and a set of attributes; the grammar of exactly these
then has to recognise the whole text. So what is returned is what the grammar says, letter by
letter, not what some keywords suggest.
"""

import re
from dataclasses import dataclass
from functools import cache

from facecaption_assets.captions.grammar import caption_grammar
from facecaption_assets.captions.subjects import NOUNS, Subject
from facecaption_assets.captions.wordings import (
    EYEBROWS,
    HAD,
    HAIR_COLOUR_WORDS,
    HAIR_TEXTURES,
    PREDICATES,
    WORN,
)

_SUBJECTS = {noun: Subject(male, child) for (male, child), noun in NOUNS.items()}


class NotATemplateCaption(ValueError):
    """A text that the grammar of template captions cannot have produced."""


@dataclass(frozen=True)
class ParsedCaption:
    """The subject and the positive attributes of a template caption."""

    subject: Subject
    attributes: frozenset[str]


def parse_caption(text: str) -> ParsedCaption:
    """Subject and attributes of a template caption.

    Raises:
        NotATemplateCaption: If the grammar cannot have produced the text.
    """
    nouns = set(re.findall(r"\w+", text)) & _SUBJECTS.keys()
    if len(nouns) != 1:
        raise NotATemplateCaption(f"expected one subject, found {sorted(nouns)}: {text!r}")
    subject = _SUBJECTS[nouns.pop()]
    named = {name for name, marker in _markers().items() if marker.search(text)}
    if subject.male is True:
        named.add("Male")
    attributes = frozenset(named)
    if not caption_grammar(attributes, subject).recognises(text):
        raise NotATemplateCaption(f"not worded by the grammar: {text!r}")
    return ParsedCaption(subject, attributes)


@cache
def _markers() -> dict[str, re.Pattern[str]]:
    """For each attribute, what is found in a caption if and only if it is named."""
    worded: dict[str, list[str]] = {"Young": ["young"], "Blurry": ["blurry"]}
    for name, text in (HAIR_TEXTURES | HAIR_COLOUR_WORDS | EYEBROWS | PREDICATES).items():
        worded[name] = [text]
    for name, productions in (HAD | WORN).items():
        worded[name] = [p.text.replace("<possessive>", r"(?:his|her|their)") for p in productions]
    worded["Mouth_Slightly_Open"].append("mouth slightly open")
    return {name: re.compile(rf"\b(?:{'|'.join(texts)})\b") for name, texts in worded.items()}
