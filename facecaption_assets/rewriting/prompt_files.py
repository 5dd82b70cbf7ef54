"""Prompts as data: what is read from a prompt file, and what makes it usable.

The packaged file, ``prompts.toml``, says what each key means. How a conversation is put together
belongs to ``prompts``.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.styles import STYLES, most_words
from facecaption_assets.rewriting.verification import verify
from facecaption_assets.schema import ATTRIBUTE_COLUMNS

#: Texts, and the fields that each must have.
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "system": ("{style}",),
    "face": ("{draft}", "{facts}"),
    "hint": ("{hint}",),
    "repair": ("{reason}",),
}
_TABLES: Final = ("styles", "reasons")
_KEYS: Final = (*_FIELDS, *_TABLES, "examples")
_EXAMPLE_KEYS: Final = ("attributes", "male", "child", "draft", *STYLES)

#: Longest example of the style ``normal``, words.
_MAX_WORDS: Final = 60

#: The reason for all kinds that have no words of their own.
OTHER_REASON: Final = "other"


class PromptError(ValueError):
    """A prompt file cannot be used."""


@dataclass(frozen=True)
class Example:
    """A face that the model is shown, and a good answer in each style."""

    attributes: frozenset[str]
    subject: Subject
    draft: str
    answers: Mapping[str, str]


@dataclass(frozen=True)
class PromptData:
    """The content of a prompt file; ``prompts.toml`` says what each part means."""

    system: str
    face: str
    hint: str
    repair: str
    styles: Mapping[str, str]
    reasons: Mapping[str, str]
    examples: tuple[Example, ...]

    @property
    def version(self) -> str:
        """Hash of the content: comments and layout of the file do not count."""
        content = asdict(self)
        for example in content["examples"]:
            example["attributes"] = sorted(example["attributes"])
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def read_prompts(path: str) -> PromptData:
    """The packaged prompts with what the user's file changes.

    Args:
        path: TOML file; empty for the packaged prompts as they are.

    Raises:
        PromptError: If the file cannot be read, lacks something, holds something unknown, or has
            an example that teaches what the verifier rejects.
    """
    packaged = (files("facecaption_assets.rewriting") / "prompts.toml").read_text(encoding="utf-8")
    content = tomllib.loads(packaged)
    if not path:
        return _checked(content)
    place = f"RewriteSettings.prompts names {path!r}"
    try:
        content |= tomllib.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PromptError(f"{place}, which cannot be read: {error}") from error
    try:
        return _checked(content)
    except PromptError as error:
        raise PromptError(f"{place}, which cannot be used: {error}") from error


def _checked(content: Mapping[str, Any]) -> PromptData:
    _require_known(content, _KEYS, "the file")
    for name, fields in _FIELDS.items():
        _require_text(content[name], name)
        if absent := [field for field in fields if field not in content[name]]:
            raise PromptError(f"{name} lacks {absent[0]}")
    _require_table(content["styles"], "styles", STYLES)
    _require_known(content["styles"], STYLES, "styles")
    _require_table(content["reasons"], "reasons", (OTHER_REASON,))
    examples = content["examples"]
    if not isinstance(examples, list):
        raise PromptError(f"examples is {examples!r}; write each under [[examples]]")
    read = tuple(_example(example, f"example {i + 1}") for i, example in enumerate(examples))
    return PromptData(**{**content, "examples": read})


def _example(example: object, place: str) -> Example:
    if not isinstance(example, dict):
        raise PromptError(f"{place} is {example!r}; write it under [[examples]]")
    _require_known(example, _EXAMPLE_KEYS, place)
    for name in ("draft", *STYLES):
        _require_text(example.get(name), f"{place}: {name}")
    for name in ("male", "child"):
        if not isinstance(example.get(name, False), bool):
            raise PromptError(f"{place}: {name} is {example[name]!r}; allowed are true and false")
    subject = Subject(example.get("male"), example.get("child", False))
    names = _attributes(example.get("attributes"), subject, place)
    answers = {style: example[style] for style in STYLES}
    for style, told in (("normal", example["draft"]), *answers.items()):
        if reason := verify(told, names, subject, most_words(style, _MAX_WORDS)).reason:
            raise PromptError(f"{place} teaches what is rejected, {reason}: {told!r}")
    return Example(names, subject, example["draft"], answers)


def _attributes(names: object, subject: Subject, place: str) -> frozenset[str]:
    if not isinstance(names, list) or not names:
        raise PromptError(f"{place}: attributes is {names!r}; write a list of CelebA's names")
    if unknown := [name for name in names if name not in ATTRIBUTE_COLUMNS]:
        raise PromptError(f"{place}: {unknown[0]!r} is not one of CelebA's 40 attributes")
    if ("Male" in names) != (subject.male is True):
        raise PromptError(f"{place}: attributes must hold 'Male' if and only if male is true")
    return frozenset(names)


def _require_known(table: Mapping[str, object], known: tuple[str, ...], place: str) -> None:
    if unknown := sorted(table.keys() - set(known)):
        raise PromptError(f"{place} has an unknown {unknown[0]!r}; known are {', '.join(known)}")


def _require_text(value: object, place: str) -> None:
    if not isinstance(value, str) or not value.strip():
        raise PromptError(f"{place} is {value!r}; a text is needed")


def _require_table(table: object, place: str, needed: tuple[str, ...]) -> None:
    if not isinstance(table, dict):
        raise PromptError(f"{place} is {table!r}; write it as the table [{place}]")
    for name in (*needed, *table):
        _require_text(table.get(name), f"{place}.{name}")
