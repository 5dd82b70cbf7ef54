"""Probabilistic context-free grammars: productions, drawing a text, and recognising one.

The machinery only. The grammar of template captions is ``grammar``; the one that bounds a language
model is ``rewriting.constrained``.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import shake_128
from itertools import accumulate, count
from struct import unpack
from typing import Final, Generic, Protocol, TypeVar

T = TypeVar("T")


class Source(Protocol):
    """Where draws come from; ``random.Random`` is one."""

    def random(self) -> float:
        """The next number, at least 0 and below 1."""


class SeededSource:
    """Numbers that depend on a text alone, the same in every version of Python.

    Much cheaper to begin than ``random.Random``, of which only the first few numbers would be used.
    """

    __slots__ = ("random",)

    def __init__(self, seed: str) -> None:
        self.random = _numbers(seed).__next__


def _numbers(seed: str) -> Iterator[float]:
    for block in count():
        digest = shake_128(f"{seed}\0{block}".encode()).digest(4 * _BLOCK)
        for number in unpack(f"<{_BLOCK}I", digest):
            yield number / 2**32


#: Symbol from which every text is derived.
START: Final = "caption"

#: Numbers that one digest gives.
_BLOCK: Final = 64

_REFERENCE = re.compile(r"<([^<>]+)>")


@dataclass(frozen=True)
class Production:
    """One way to expand a symbol: text in which ``<name>`` stands for another symbol.

    ``weight`` is relative to the other productions of the symbol.
    """

    text: str
    weight: float = 1.0

    @cached_property
    def parts(self) -> tuple[tuple[str, bool], ...]:
        """The text cut into (literal, False) and (symbol, True)."""
        cut = _REFERENCE.split(self.text)
        return tuple((part, bool(i % 2)) for i, part in enumerate(cut) if part)


class Choices(Generic[T]):
    """Alternatives and their weights, made ready for many draws.

    Args:
        weighted: Each alternative with its weight, relative to the others.

    Raises:
        ValueError: If there is no alternative, or a weight is not above 0.
    """

    __slots__ = ("_marks", "items")

    def __init__(self, weighted: Iterable[tuple[T, float]]) -> None:
        pairs = tuple(weighted)
        if not pairs or min(weight for _, weight in pairs) <= 0:
            raise ValueError(f"there must be alternatives, of weights above 0: {pairs}")
        self.items = tuple(item for item, _ in pairs)
        total = sum(weight for _, weight in pairs)
        sums = accumulate(weight / total for _, weight in pairs)
        # The last mark is above every draw, however the sums were rounded.
        self._marks = (*list(sums)[:-1], 1.0)

    def draw(self, rng: Source) -> T:
        """One alternative, by weight."""
        return self.items[bisect_right(self._marks, rng.random())]


@dataclass(frozen=True)
class Grammar:
    """Rules of a finite language: symbol to its productions; derivations begin at ``START``.

    Raises:
        ValueError: If a production refers to a symbol without a rule.
    """

    rules: Mapping[str, tuple[Production, ...]]

    def __post_init__(self) -> None:
        for symbol, productions in self.rules.items():
            used = {part for p in productions for part, is_symbol in p.parts if is_symbol}
            if unknown := used - self.rules.keys():
                raise ValueError(f"<{symbol}> refers to {sorted(unknown)}, which has no rule")

    def sample(self, rng: Source) -> str:
        """A text drawn with the productions' weights; equal generators draw equal texts."""
        return self._expand(START, rng)

    def _expand(self, symbol: str, rng: Source) -> str:
        chosen = Choices((p, p.weight) for p in self.rules[symbol]).draw(rng)
        return "".join(self._expand(p, rng) if is_symbol else p for p, is_symbol in chosen.parts)

    def recognises(self, text: str) -> bool:
        """Whether the grammar can produce exactly this text."""
        return len(text) in self._ends(START, text, 0, {})

    def produces(self, production: Production, text: str) -> bool:
        """Whether the production, expanded by the grammar, can be exactly this text."""
        return len(text) in self._expansion_ends(production, text, 0, {})

    def _ends(
        self, symbol: str, text: str, begin: int, memo: dict[tuple[str, int], frozenset[int]]
    ) -> frozenset[int]:
        """Where the symbol's expansions that start at ``begin`` may end."""
        if (symbol, begin) not in memo:
            found: set[int] = set()
            for production in self.rules[symbol]:
                found |= self._expansion_ends(production, text, begin, memo)
            memo[symbol, begin] = frozenset(found)
        return memo[symbol, begin]

    def _expansion_ends(
        self,
        production: Production,
        text: str,
        begin: int,
        memo: dict[tuple[str, int], frozenset[int]],
    ) -> set[int]:
        """Where the production's expansions that start at ``begin`` may end."""
        ends = {begin}
        for part, is_symbol in production.parts:
            if is_symbol:
                ends = {e for at in ends for e in self._ends(part, text, at, memo)}
            else:
                ends = {at + len(part) for at in ends if text.startswith(part, at)}
        return ends


def enumerated(items: Sequence[str]) -> str:
    """Items as an English list: ``A``, ``A and B``, ``A, B, and C``."""
    if len(items) <= 2:
        return " and ".join(items)
    return ", ".join(items[:-1]) + f", and {items[-1]}"
