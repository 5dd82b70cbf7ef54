"""Whether an accepted set of words is also English: articles, agreement, spacing, capitals.

Not a parser: rules for the mistakes that small models were seen to make with this vocabulary, such
as "wearing a bangs" or "the man have a goatee".
"""

import re
from collections.abc import Sequence
from typing import Final

from facecaption_assets.captions.subjects import Subject

#: Nouns that take no "a": plurals and masses.
_WITHOUT_ARTICLE: Final = frozenset(
    {
        *("bangs", "bags", "brows", "cheekbones", "cheeks", "eyebrows", "eyes", "hair", "lips"),
        *("sideburns", "skin", "stubble"),
        *("earrings", "eyeglasses", "glasses", "lipstick", "make-up", "makeup", "spectacles"),
    }
)

#: Nouns that need a determiner.
_WITH_DETERMINER: Final = frozenset(
    {
        *("chin", "complexion", "face", "goatee", "hairline", "mouth", "moustache", "mustache"),
        *("nose", "shadow"),
        *("hat", "necklace", "necktie", "tie"),
    }
)

_WORN: Final = frozenset(
    {
        *("earrings", "eyeglasses", "glasses", "hat", "lipstick", "make-up", "makeup", "necklace"),
        *("necktie", "spectacles", "tie"),
    }
)

#: Nouns that nobody wears.
_GROWN: Final = (_WITHOUT_ARTICLE | _WITH_DETERMINER) - _WORN

#: Words that may stand between an article and its noun.
_ADJECTIVES: Final = frozenset(
    {
        *("arched", "big", "black", "blond", "blonde", "brown", "bushy", "double", "full", "gray"),
        *("grey", "heavy", "high", "large", "light", "narrow", "open", "opened", "oval"),
        *("oval-shaped", "pale", "parted", "partially", "partly", "pointed", "pointy", "receding"),
        *("rosy", "slightly", "straight", "under-eye", "wavy", "five", "5", "o'clock", "and"),
        *("five-o'clock",),
    }
)

_ARTICLES: Final = frozenset({"a", "an"})
_DETERMINERS: Final = _ARTICLES | {"the", "this", "his", "her", "their"}

_MISTAKES: Final = re.compile(
    r"\ba [aeiou]\w+|\ban (?![aeiou])\w+"
    r"|\bthey (?:has|is|wears|smiles)\b|\b(?:he|she) (?:have|are|wear|smile)\b"
    rf"|\b(?:{'|'.join(sorted(_GROWN))}) wearing\b|\bbald face\b"
    r"|  | [,.;]|[,.;]{2}|,\.",
    re.IGNORECASE,
)

_WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")


def find_mistake(text: str, subject: Subject) -> str | None:
    """The words of the first mistake that is found, or None."""
    if mistake := _MISTAKES.search(text):
        return mistake[0].strip()
    starts: list[str] = re.findall(r"(?:^|[.] )(\w+)", text)
    if uncapital := next((word for word in starts if not word[0].isupper()), None):
        return uncapital
    words = _WORD.findall(text.lower())
    if subject.pronoun != "they" and (plural := {"have", "wear"} & set(words)):
        return min(plural)
    found = (_determiner_mistake(words, i) for i in range(len(words)))
    return next((mistake for mistake in found if mistake), None)


def _determiner_mistake(words: Sequence[str], i: int) -> str | None:
    """A noun with a wrong determiner or without one, or one that is worn but grows."""
    noun = words[i]
    if noun not in _WITHOUT_ARTICLE | _WITH_DETERMINER:
        return None
    begin = i
    while begin > 0 and words[begin - 1] in _ADJECTIVES:
        begin -= 1
    before = words[begin - 1] if begin else ""
    is_bare = (
        before not in _DETERMINERS and not before.endswith("'s") and "and" not in words[begin:i]
    )
    wrong = before in _ARTICLES if noun in _WITHOUT_ARTICLE else is_bare
    verb = words[begin - 2] if before in _DETERMINERS and begin > 1 else before
    if wrong or (noun in _GROWN and verb in {"wear", "wears", "wearing"}):
        return " ".join(words[max(begin - 1, 0) : i + 1])
    return None
