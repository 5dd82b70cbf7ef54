"""What no caption holds, whatever it is about: markup, contacts, echoes, refusals, other languages.

Judged on the raw text, before anything is read into it.
"""

import re
from collections.abc import Sequence
from typing import Final

from facecaption_assets.rewriting.tokens import word_set

_REFUSALS: Final = re.compile(
    r"i'm sorry|i am sorry|i apologi[sz]e|\bi can(?:'t|not)|\bi(?: am|'m) (?:unable|not able)"
    r"|\bi (?:won't|will not|do not|don't)|as an ai\b|language model|unfortunately"
    r"|against my (?:guidelines|policy)|not comfortable"
)
_CONTACTS: Final = re.compile(
    r"https?:|www\.|\w@\w|(?<!\w)[@#]\w|\w\.(?:com|org|net|io|co|de|uk|example|info|ru)\b"
    r"|\d{3}[-. ]?\d{3}|\+\d"
)
_INSTRUCTIONS: Final = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass) |\b(?:previous|prior|above) "
    r"(?:instruction|prompt|rule)|\binstructions?\b|\bsystem prompt|\bmark (?:this|it) as\b"
    r"|\baccepted\b|\bprompts?\b"
)
_ECHOES: Final = word_set(
    "caption captions draft facts rewrite rewritten rewriting rewrote sentence sentences attribute "
    "attributes description certainly sure okay user assistant system output answer note revised "
    "version paraphrase paraphrased template"
)

#: Frequent words of other languages that are no words of a caption.
_FOREIGN: Final = word_set(
    "der das und mit eine einen einem einer ein ist hat frau mann junge braune haare ihre seine "
    "el la los las una uno un con que es esta tiene mujer hombre joven pelo y del lleva su "
    "le les une avec et aux du des est femme jeune homme cheveux porte sa "
    "il lo gli di che ha donna uomo giovane capelli e i sorride "
    "um uma com os mulher homem jovem cabelo tem seu sua "
    "een het en met vrouw haar kvinna och med har"
)

_DASHES: Final = str.maketrans("\u2013\u2014\u2010\u2011", "----")


def plain(text: str) -> str:
    """The text with dashes and quotation marks of typesetters made ASCII."""
    text = text.replace("\u2019", "'").replace("\u2018", "'")
    return text.translate(_DASHES).replace("\u201c", '"').replace("\u201d", '"')


def find_foreign_matter(text: str, words: Sequence[str]) -> str | None:
    """The reason to refuse the text, or None.

    Args:
        text: The caption, as ``plain`` leaves it.
        words: Its words in lower case.
    """
    lower = text.lower()
    if _REFUSALS.search(lower):
        return "refusal"
    if contact := _CONTACTS.search(lower):
        return f"contact_or_link:{contact[0]}"
    if instruction := _INSTRUCTIONS.search(lower):
        return f"instruction:{instruction[0].strip()}"
    if echo := next((word for word in words if word in _ECHOES), None):
        return f"prompt_echo:{echo}"
    return _script(text) or _language(words)


def _script(text: str) -> str | None:
    """Letters of another script, hidden characters, markup."""
    if not text.isascii():
        odd = next(character for character in text if not character.isascii())
        kind = "not_english" if odd.isalpha() else "character"
        return f"{kind}:U+{ord(odd):04X}"
    if odd_mark := re.search(r"[^A-Za-z0-9 ,.;:'-]|^[^A-Za-z]|[:;](?! [A-Za-z])", text):
        return f"markup:{odd_mark[0]!r}"
    return None


def _language(words: Sequence[str]) -> str | None:
    foreign = [word for word in words if word in _FOREIGN]
    return f"not_english:{foreign[0]}" if len(foreign) > 1 else None
