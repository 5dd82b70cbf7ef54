"""A caption as tokens: words in lower case and punctuation marks, hyphens taken apart."""

import re
from typing import Final

#: What ends a sentence or a clause, or sets words off.
MARKS: Final = frozenset(".,;:-'")

_HYPHEN = re.compile(r"(?<=\w)-(?=\w)")
_TOKEN = re.compile(r"[a-z0-9]+(?:'(?!s\b)[a-z]+)*|'s\b|[^\sa-z0-9]")


def tokenize(text: str) -> list[str]:
    """The tokens: "brown-haired" is two of them, and so is "woman's"; "o'clock" is one."""
    return _TOKEN.findall(_HYPHEN.sub(" ", text.lower()))


def word_set(text: str) -> frozenset[str]:
    """The words of a text between spaces: how lists of words are written down."""
    return frozenset(text.split())


def is_word(token: str) -> bool:
    """Whether the token is a word or a number, and no mark or possessive."""
    return token[0].isalnum()
