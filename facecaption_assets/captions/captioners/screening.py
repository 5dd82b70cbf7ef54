"""A captioner's text → one clean line, or the reason why it is not kept.

A captioner says what its training texts said of pictures like this one: now and then a name, a
link, an age. What can be told by its form, or by words that introduce somebody, is refused; a
name in lower case among ordinary words cannot be told. Nothing here says that a caption is true.
"""

import re
import unicodedata
from itertools import pairwise
from typing import Final

#: Raised when a text would be cleaned or judged differently.
SCREENING_VERSION: Final = 1

#: Fewest and most words of a caption.
_WORDS: Final = (3, 60)

_CONTACT: Final = re.compile(
    r"https?:|www\s?\.|\S@\S|(?<!\w)@\w|#\w|\.\s?(?:com|net|org|co|io|ru|de|uk|info)\b"
    r"|\b(?:instagram|facebook|twitter|tiktok|snapchat|onlyfans|whatsapp|e-?mail)\b"
)

#: Years, ages, telephone numbers, scores: none of them can be seen in a face.
_NUMBER: Final = re.compile(r"\d|\byears?[ -]olds?\b|\baged\b|\bbirthday\b")

_ETHNICITY: Final = re.compile(
    r"\b(?:african|arab|arabic|asian|black (?:man|men|woman|women|person|people|boy|boys|girl"
    r"|girls)|british|caucasian|chinese|european|filipin[ao]|french|german|hispanic|indian|irish"
    r"|italian|japanese|jewish|korean|latin[ao]|mexican|middle[ -]eastern|muslim|pakistani"
    r"|russian|spanish|thai|turkish|vietnamese|white (?:man|men|woman|women|person|people|boy"
    r"|boys|girl|girls))\b"
)

#: Words before or in the place of a name: captions of the web's pictures are full of them.
_IDENTITY: Final = re.compile(
    r"\b(?:named|called|known as|aka|nee|mr|mrs|ms|dr|prof|sir|dame|lord|actor|actress"
    r"|celebrity|singer|rapper|musician|footballer|player|athlete|politician|president|premier"
    r"|minister|senator|governor|king|queen|prince|princess|duke|duchess|pope|premiere"
    r"|red carpet|starring|stars? (?:as|in)|played by|author|director|model)\b"
)

#: A capital that does not begin the text or a sentence.
_CAPITAL: Final = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z]")

_MARKUP: Final = re.compile(r"[<>{}\[\]_|*`#@\\~^=]|&\w+;")

#: What BLIP's large captioner writes for nothing: "araffe", "arafed", "araffed".
_ARTEFACT: Final = re.compile(r"\baraf\w*|\[unused|\ufffd")

_WORD: Final = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")


def clean(text: str) -> str:
    """The text as one line: no control or formatting characters, no space before a full stop."""
    spaced = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    # Marks that turn the direction of writing, and characters without a width.
    visible = "".join(c for c in spaced if unicodedata.category(c) not in ("Cf", "Co", "Cs", "Cn"))
    line = " ".join(visible.split())
    return re.sub(r" ([.,;:!?](?:\s|$))", r"\1", line).strip(" \"'")


def why_refused(text: str) -> str | None:
    """Why a cleaned text is not kept; None if it is.

    Returns:
        ``empty``, ``too_short``, ``too_long``, ``capital_inside``, ``artefact``,
        ``contact_or_link``, ``markup``, ``number_or_age``, ``ethnicity``, ``identity`` or
        ``repetition``; the first that holds.
    """
    lower = text.lower()
    if reason := _why_wrong_length(lower):
        return reason
    if _CAPITAL.search(text):
        return "capital_inside"
    patterns = {
        "artefact": _ARTEFACT,
        "contact_or_link": _CONTACT,
        "markup": _MARKUP,
        "number_or_age": _NUMBER,
        "ethnicity": _ETHNICITY,
        "identity": _IDENTITY,
    }
    reasons = (reason for reason, pattern in patterns.items() if pattern.search(lower))
    return next(reasons, "repetition" if _repeats(_WORD.findall(lower)) else None)


def _why_wrong_length(lower: str) -> str | None:
    words = len(lower.split())
    fewest, most = _WORDS
    if not _WORD.search(lower):
        return "empty"
    if words < fewest:
        return "too_short"
    return "too_long" if words > most else None


def _repeats(words: list[str]) -> bool:
    """Whether a word follows itself, or three words come twice: the network went in circles."""
    if any(first == second for first, second in pairwise(words)):
        return True
    triples = list(zip(words, words[1:], words[2:], strict=False))
    return len(set(triples)) < len(triples)
