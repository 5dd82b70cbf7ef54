"""Finding the longest of many phrases at a place among tokens.

A pattern is a row of words: ``a|b`` is either, ``a?`` may be left out, ``a_b`` is two words.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Generic, TypeVar

_Phrase = tuple[str, ...]
T = TypeVar("T")


def expand(pattern: str) -> list[_Phrase]:
    """All phrases of a pattern."""
    choices: list[list[_Phrase]] = []
    for element in pattern.split(" "):
        words = [tuple(word.split("_")) for word in element.removesuffix("?").split("|")]
        choices.append([*words, ()] if element.endswith("?") else words)
    return [sum(choice, ()) for choice in product(*choices)]


class PhraseTable(Generic[T]):
    """Phrases, each with what it stands for."""

    def __init__(self, patterns: Mapping[T, Iterable[str]]) -> None:
        meanings = {
            phrase: meaning
            for meaning, texts in patterns.items()
            for text in texts
            for phrase in expand(text)
        }
        longest_first = sorted(meanings, key=len, reverse=True)
        self._from_first: dict[str, list[tuple[_Phrase, T]]] = {}
        self._from_last: dict[str, list[tuple[_Phrase, T]]] = {}
        for phrase in longest_first:
            self._from_first.setdefault(phrase[0], []).append((phrase, meanings[phrase]))
            self._from_last.setdefault(phrase[-1], []).append((phrase, meanings[phrase]))

    def starting(self, tokens: Sequence[str], begin: int) -> tuple[int, T] | None:
        """The longest phrase that begins at ``begin``: where it ends, and its meaning."""
        if begin >= len(tokens):
            return None
        for phrase, meaning in self._from_first.get(tokens[begin], ()):
            if tuple(tokens[begin : begin + len(phrase)]) == phrase:
                return begin + len(phrase), meaning
        return None

    def ending(self, tokens: Sequence[str], end: int) -> tuple[int, T] | None:
        """The longest phrase that ends before ``end``: where it begins, and its meaning."""
        if end <= 0:
            return None
        for phrase, meaning in self._from_last.get(tokens[end - 1], ()):
            begin = end - len(phrase)
            if begin >= 0 and tuple(tokens[begin:end]) == phrase:
                return begin, meaning
        return None
