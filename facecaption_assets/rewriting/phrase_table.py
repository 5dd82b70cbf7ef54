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
    """Phrases, each with what it stands for; a place is looked up once per length."""

    def __init__(self, patterns: Mapping[T, Iterable[str]]) -> None:
        self._meanings: dict[_Phrase, T] = {
            phrase: meaning
            for meaning, texts in patterns.items()
            for text in texts
            for phrase in expand(text)
        }
        self._after_first = _lengths(self._meanings, 0)
        self._before_last = _lengths(self._meanings, -1)

    def starting(self, tokens: Sequence[str], begin: int) -> tuple[int, T] | None:
        """The longest phrase that begins at ``begin``: where it ends, and its meaning."""
        if begin >= len(tokens):
            return None
        for length in self._after_first.get(tokens[begin], ()):
            phrase = tuple(tokens[begin : begin + length])
            if phrase in self._meanings:
                return begin + len(phrase), self._meanings[phrase]
        return None

    def ending(self, tokens: Sequence[str], end: int) -> tuple[int, T] | None:
        """The longest phrase that ends before ``end``: where it begins, and its meaning."""
        if end <= 0:
            return None
        for length in self._before_last.get(tokens[end - 1], ()):
            phrase = tuple(tokens[max(end - length, 0) : end])
            if phrase in self._meanings:
                return end - len(phrase), self._meanings[phrase]
        return None


def _lengths(phrases: Iterable[_Phrase], place: int) -> dict[str, list[int]]:
    """Word at a place of a phrase to the lengths of such phrases, the longest first."""
    lengths: dict[str, set[int]] = {}
    for phrase in phrases:
        lengths.setdefault(phrase[place], set()).add(len(phrase))
    return {word: sorted(found, reverse=True) for word, found in lengths.items()}
