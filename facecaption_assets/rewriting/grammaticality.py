"""Whether an accepted set of words is also English: articles, agreement, spacing, capitals.

Not a parser: rules for the mistakes that small models were seen to make with this vocabulary, such
as "wearing a double chin" or "the man have a goatee". What they do not know passes.
"""

import re
from collections.abc import Sequence
from typing import Final

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.tokens import word_set

#: Nouns that take no "a": plurals and masses.
_WITHOUT_ARTICLE: Final = word_set(
    "bangs bags brows cheekbones cheeks eyebrows eyes hair lips sideburns skin locks "
    "tresses earrings eyeglasses glasses lipstick make-up makeup spectacles"
)

#: Nouns that need a determiner.
_WITH_DETERMINER: Final = word_set(
    "chin complexion face goatee hairline mouth moustache mustache nose shadow hat necklace "
    "necktie tie"
)

_CHECKED_NOUNS: Final = _WITHOUT_ARTICLE | _WITH_DETERMINER

#: Nouns that nobody wears. A beard and a haircut may be worn.
_NOT_WORN: Final = word_set(
    "bags brows cheekbones cheeks chin complexion eyebrows eyes face hairline lips mouth nose skin"
)

#: Words that may stand between an article and its noun.
_ADJECTIVES: Final = word_set(
    "arched big black blond blonde brown bushy double fair full gray grey heavy high large light "
    "narrow open opened oval oval-shaped pale parted partially partly pointed pointy prominent "
    "receding rosy slightly straight thick under-eye wavy five 5 o'clock five-o'clock and"
)

_ARTICLES: Final = frozenset({"a", "an"})
_DETERMINERS: Final = _ARTICLES | {"the", "this", "his", "her", "their", "whose"}

#: Words after which a noun that needs a determiner is bare.
_BEFORE_BARE: Final = word_set("has have having with wears wear wearing")

#: What a person is, and therefore neither has nor wears: "The woman has blond."
_STATES: Final = "young|youthful|bald|blond|blonde|attractive|chubby|bespectacled|smiling|grinning"

#: Words that "have" and "wear" may follow.
_PLURALS: Final = word_set("eyes cheeks lips eyebrows brows features to locks not doesn't")

_MISTAKES: Final = re.compile(
    r"\ba [aeiou]\w+|\ban (?![aeiou])\w+"
    r"|\bthey (?:has|is|wears|smiles)\b|\b(?:he|she) (?:have|are|wear|smile)\b"
    rf"|\b(?:has|have)\b[^.,;]*\b(?:{'|'.join(sorted(_NOT_WORN | {'hair'}))}) wearing\b"
    rf"|\b(?:has|have|having|with|wears?|wearing) (?:{_STATES})(?=[.;]|$)"
    r"|\bbald face\b|^(?:is|are|has|does) "
    r"|  | [,.;:]|[,.;:]{2}|,\.",
    re.IGNORECASE,
)

_WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")


def find_mistake(text: str, subject: Subject) -> str | None:
    """The words of the first mistake that is found, or None."""
    if mistake := _MISTAKES.search(text):
        return mistake[0].strip()
    starts: list[str] = re.findall(r"(?:^|[.] )(\w+)", text)
    is_capitalised = text != text.lower()
    if is_capitalised and (small := next((w for w in starts if not w[0].isupper()), None)):
        return small
    words = _WORD.findall(text.lower())
    found = (
        _determiner_mistake(words, i) or _number_mistake(words, i, subject)
        for i in range(len(words))
    )
    return next((mistake for mistake in found if mistake), None)


def _number_mistake(words: Sequence[str], i: int, subject: Subject) -> str | None:
    """A "have" or "wear" that the one person cannot take."""
    if words[i] not in {"have", "wear"} or subject.pronoun == "they":
        return None
    return None if i and words[i - 1] in _PLURALS else words[i]


def _determiner_mistake(words: Sequence[str], i: int) -> str | None:
    """A noun with a wrong determiner or without one, or one that is worn but grows."""
    noun = words[i]
    if noun not in _CHECKED_NOUNS:
        return None
    begin = i
    while begin > 0 and words[begin - 1] in _ADJECTIVES:
        begin -= 1
    before = words[begin - 1] if begin else ""
    is_bare = before in _BEFORE_BARE and "and" not in words[begin:i]
    is_compound = words[i + 1 : i + 2] in (["look"], ["tone"], ["of"])
    is_bare = is_bare and not words[i - 1].endswith("o'clock")
    wrong = before in _ARTICLES and not is_compound if noun in _WITHOUT_ARTICLE else is_bare
    verb = words[begin - 2] if before in _DETERMINERS and begin > 1 else before
    if wrong or (noun in _NOT_WORN and not is_compound and verb in {"wear", "wears", "wearing"}):
        return " ".join(words[max(begin - 1, 0) : i + 1])
    return None
