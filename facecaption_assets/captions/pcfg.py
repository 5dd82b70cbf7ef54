"""Probabilistic context-free grammars: drawing a text, and recognising one.

The machinery only. The grammar of template captions is ``grammar``; the one that bounds a language
model is ``rewriting.constrained``. Grammars are finite and small: each is built for the attributes
of one face.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

#: Symbol from which every text is derived.
START: Final = "caption"

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

    def sample(self, rng: random.Random) -> str:
        """A text drawn with the productions' weights; equal generators draw equal texts."""
        return self._expand(START, rng)

    def _expand(self, symbol: str, rng: random.Random) -> str:
        chosen = _draw(self.rules[symbol], rng)
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


def _draw(productions: Sequence[Production], rng: random.Random) -> Production:
    """One production, by weight. ``random()`` alone is the same in every Python version."""
    mark = rng.random() * sum(p.weight for p in productions)
    for production in productions:
        mark -= production.weight
        if mark < 0:
            return production
    return productions[-1]


def enumerated(items: Sequence[str]) -> str:
    """Items as an English list: ``A``, ``A and B``, ``A, B, and C``."""
    if len(items) <= 2:
        return " and ".join(items)
    return ", ".join(items[:-1]) + f", and {items[-1]}"
