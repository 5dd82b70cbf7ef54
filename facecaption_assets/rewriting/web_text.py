"""Text from the web → one quoted line that a prompt may hold.

Web text is data, and may be written to be taken for instructions. What is let through are words and
plain punctuation: nothing of it can close the quotation, open a markup tag, a template's control
token or another line, or turn the direction of writing. That a model does not believe what the
words say is not ensured here: whatever it answers is verified.
"""

import unicodedata
from typing import Final

#: Longest text that is shown, characters.
MOST_CHARACTERS: Final = 200

#: Characters that are looked at: some texts are nothing but what is taken out.
_LOOKED_AT: Final = 8 * MOST_CHARACTERS

#: Categories of letters, their marks, and digits.
_WORDS: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd"})

_PUNCTUATION: Final = frozenset(".,;:!?-&")

#: Stands for all apostrophes: it closes no quotation that a prompt would be written with.
_APOSTROPHE: Final = "\u2019"


def quoted(text: str | None) -> str:
    """The text in double quotes, without anything that could close them; empty if none is left.

    Compatibility forms are normalised (NFKC); control, format (zero width and bidirectional among
    them), private and unassigned characters, symbols, brackets and quotation marks are taken out;
    white space becomes one space; at most ``MOST_CHARACTERS`` are kept.
    """
    normal = unicodedata.normalize("NFKC", (text or "")[:_LOOKED_AT])
    words = "".join(map(_let_through, normal)).split()
    shown = " ".join(words)[:MOST_CHARACTERS].strip()
    return f'"{shown}"' if any(map(str.isalnum, shown)) else ""


def _let_through(character: str) -> str:
    """The character, a substitute, or nothing."""
    if character in _PUNCTUATION or unicodedata.category(character) in _WORDS:
        return character
    if character in "'`" or character == _APOSTROPHE:
        return _APOSTROPHE
    # A format character may stand inside a word; all else parts words.
    return "" if unicodedata.category(character) == "Cf" else " "
