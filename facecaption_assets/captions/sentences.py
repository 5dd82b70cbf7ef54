"""The frames of ``frames`` made ready: expanded, agreeing, and found by what they tell.

What a sentence tells is its *shape*, the roles of its things in the order of ``tellings.ROLES``:
"hhw" are two things that the face has and one that is worn.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final

from facecaption_assets.captions.frames import FIRST, RULES
from facecaption_assets.captions.later_frames import NEXT
from facecaption_assets.captions.pcfg import Choices, enumerated
from facecaption_assets.captions.tellings import ROLES

#: Most things in one list.
MOST_LISTED: Final = 4

#: Forms of the person that a caller of ``Frame.text`` gives first, in this order.
PERSON_FORMS: Final = ("a", "the", "this", "she", "her")

#: Roles that are told as lists; a sentence tells any other role's thing once.
LISTS: Final = "phw"

#: Symbols that tell a smile or a blur: words of their own, without a list.
_WORDS: Final = {"smiles": "s", "smile": "s", "smiling": "s", "a smile": "s", "blurry": "b"}

#: Those of them that say themselves.
_LITERAL: Final = ("smiling", "a smile")

_SINGULAR: Final = {"have": "has", "be": "is", "wear": "wears", "smile": "smiles"}

_SYMBOL = re.compile(r"<([^<>]+)>")
_ADDING = re.compile(r"\balso\b|, too\b")


@dataclass(frozen=True)
class Pattern:
    """A frame in which only the person and the things told are left open.

    Attributes:
        text: Text with the symbols of ``PERSON_FORMS`` and of roles, and ``<g>``.
        roles: Roles that it tells.
        opening: How the sentence begins: its first word or symbol, where "the" and "this" before
            the person and before anything else are one.
        needs_several: Whether the face must have at least two things to tell.
    """

    text: str
    roles: frozenset[str]
    opening: str
    needs_several: bool


@dataclass(frozen=True)
class Frame:
    """A pattern for one shape, to be filled by ``str.format``.

    Attributes:
        text: Format string: ``PERSON_FORMS``, then the things of the shape in their order.
        opening: As in ``Pattern``.
        adds: Whether it says "also" or "too".
    """

    text: str
    opening: str
    adds: bool


@cache
def patterns(is_first: bool, is_plural: bool) -> tuple[tuple[Pattern, float], ...]:
    """Every pattern of a first or later sentence, with its weight.

    Args:
        is_first: Whether it is the caption's first sentence.
        is_plural: Whether the pronoun is "they" and takes the plural.
    """
    found: dict[str, tuple[Pattern, float]] = {}
    for frame in FIRST if is_first else NEXT:
        needs_several = "<hs>" in frame.text or "<g>" in frame.text
        frame_text = frame.text.replace("<hs>", "<h>")
        roles = _roles(frame_text)
        for text, weight in _expanded(frame_text, frame.weight):
            agreeing = _agreeing(text, is_plural)
            before = found[agreeing][1] if agreeing in found else 0.0
            pattern = Pattern(agreeing, roles, _opening(agreeing), needs_several)
            found[agreeing] = (pattern, before + weight)
    return tuple(found.values())


@cache
def frames(
    is_first: bool, is_plural: bool, shape: str, banned: str = "", may_add: bool = True
) -> Choices[Frame] | None:
    """Frames that tell exactly the shape; None where there is none.

    Args:
        is_first: As in ``patterns``.
        is_plural: As in ``patterns``.
        shape: Roles of the things to tell.
        banned: Opening that the frames must not have, unless all have it.
        may_add: Whether they may say "also"; they may where all do.
    """
    fitting = [
        (_frame(pattern, shape), weight)
        for pattern, weight in patterns(is_first, is_plural)
        if _tells(pattern, shape)
    ]
    if not may_add:
        fitting = [(frame, weight) for frame, weight in fitting if not frame.adds] or fitting
    allowed = [(frame, weight) for frame, weight in fitting if frame.opening != banned]
    return Choices(allowed or fitting) if fitting else None


def every_frame(is_first: bool, is_plural: bool) -> Iterator[tuple[str, Frame]]:
    """Every frame of a first or later sentence, with its shape."""
    for pattern, _ in patterns(is_first, is_plural):
        roles = [role for role in ROLES if role in pattern.roles]
        most = [MOST_LISTED if role in LISTS else 1 for role in roles]
        for counts in product(*(range(1, n + 1) for n in most)):
            shape = "".join(role * n for role, n in zip(roles, counts, strict=True))
            if _tells(pattern, shape):
                yield shape, _frame(pattern, shape)


def banned_opening(openings: Sequence[str]) -> str:
    """How the next sentence must not begin: no noun twice, no pronoun three times in a row.

    Args:
        openings: Those of the sentences so far.
    """
    last = openings[-1] if openings else ""
    return last if last != "<she>" or list(openings[-2:]) == [last, last] else ""


def _frame(pattern: Pattern, shape: str) -> Frame:
    text = _filled(pattern.text, shape)
    return Frame(text, pattern.opening, bool(_ADDING.search(text)))


def _roles(text: str) -> frozenset[str]:
    told = {_WORDS.get(symbol, symbol) for symbol in _SYMBOL.findall(text)}
    return frozenset(role for role in ROLES if role in told)


def _expanded(text: str, weight: float) -> Iterator[tuple[str, float]]:
    """The text without symbols of ``RULES``, in every way, with the way's share of the weight."""
    match = next((m for m in _SYMBOL.finditer(text) if m[1] in RULES), None)
    if match is None:
        for word in _LITERAL:
            text = text.replace(f"<{word}>", word)
        yield text, weight
        return
    productions = RULES[match[1]]
    total = sum(p.weight for p in productions)
    for p in productions:
        chosen = f"{text[: match.start()]}{p.text}{text[match.end() :]}"
        yield from _expanded(chosen, weight * p.weight / total)


def _agreeing(text: str, is_plural: bool) -> str:
    """The text with its verbs in the number of the person named last before them."""
    plural = False
    parts = _SYMBOL.split(text)
    for i, symbol in enumerate(parts):
        if i % 2 and symbol in ("a", "the", "this", "she"):
            plural = is_plural and symbol == "she"
        if i % 2 and symbol in _SINGULAR:
            base = "are" if symbol == "be" else symbol
            parts[i] = base if plural else _SINGULAR[symbol]
        elif i % 2:
            parts[i] = f"<{symbol}>"
    return "".join(parts)


def _opening(text: str) -> str:
    first = text.split()[0].removesuffix("'s").rstrip(",")
    return "the" if first in ("<the>", "<this>", "the", "this") else first


def _tells(pattern: Pattern, shape: str) -> bool:
    counts = {role: shape.count(role) for role in shape}
    return (
        pattern.roles == counts.keys()
        and all(n <= (MOST_LISTED if role in LISTS else 1) for role, n in counts.items())
        and (not pattern.needs_several or counts["h"] > 1)
    )


def _filled(text: str, shape: str) -> str:
    """The text as a format string for the things of the shape."""
    for i, form in enumerate(PERSON_FORMS):
        text = text.replace(f"<{form}>", f"{{{i}}}")
    for role in dict.fromkeys(shape):
        begin = len(PERSON_FORMS) + shape.index(role)
        fields = [f"{{{begin + i}}}" for i in range(shape.count(role))]
        if role == "h" and "<g>" in text:
            half = (len(fields) + 1) // 2
            text = _listed(text, "<g>", fields[half:])
            fields = fields[:half]
        text = _listed(text, f"<{role}>", fields)
    return text


def _listed(text: str, symbol: str, fields: list[str]) -> str:
    """The text with a list for a symbol, and a comma between a list's "and" and the next one."""
    if len(fields) > 1:
        text = text.replace(f"{symbol} and ", f"{symbol}, and ")
    return text.replace(symbol, enumerated(fields))
