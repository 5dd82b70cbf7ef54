"""Whether a rewritten caption says exactly what it may say.

The evidence of the required attributes must be there, that of any other must not, and no word may
be left that says anything else. So an invented "sharp jawline" is refused without anyone having
thought of jawlines. Pure functions; the words are in ``vocabulary``.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.grammaticality import find_mistake
from facecaption_assets.rewriting.mentions import find_stray_mention
from facecaption_assets.rewriting.vocabulary import (
    AGE_WORDS,
    CONTACTS,
    CONTEXT,
    ECHOES,
    EVIDENCE,
    HEDGES,
    NEGATIONS,
    NEUTRAL,
    NOUNS,
    OTHER_PEOPLE,
    PRONOUNS,
    QUALIFIED,
    REFUSALS,
)
from facecaption_assets.schema import ATTRIBUTE_COLUMNS

#: Raise it with every change that can alter a verdict.
VERIFICATION_VERSION: Final = 2

#: Fewest words of a caption.
MIN_WORDS: Final = 3

#: Stands where evidence was taken out, so that words around it do not become neighbours.
_TAKEN: Final = " ; "

_WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")


@dataclass(frozen=True)
class Verdict:
    """Whether a text is accepted; if not, the first reason, as ``kind`` or ``kind:detail``."""

    accepted: bool
    reason: str | None = None


def tidy(text: str) -> str:
    """The answer without what wraps it: white space, one pair of quotation marks, curly quotes."""
    text = text.replace("\u2019", "'").replace("\u201c", '"').replace("\u201d", '"').strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    return text


def verify(text: str, required: Collection[str], subject: Subject, max_words: int = 60) -> Verdict:
    """Judge a caption.

    Args:
        text: The caption, as ``tidy`` leaves it.
        required: Attributes that it must name; it must name no other.
        subject: Who it must speak of.
        max_words: Longest caption that is accepted, words.

    Returns:
        The verdict. Reasons, in the order of the checks: ``refusal``, ``contact_or_link``,
        ``prompt_echo:word``, ``not_english``, ``markup``, ``too_short``, ``too_long``,
        ``incomplete``, ``negation:word``, ``hedging:word``, ``age:word``, ``wrong_pronoun:word``,
        ``wrong_subject:word``, ``missing_subject:noun``, ``added_attribute:Name``,
        ``missing_attribute:Name``, ``repeated_attribute:Name``, ``repeated_word:word``,
        ``stray_mention:noun``, ``unlicensed_word:word``, ``ungrammatical:words``.
    """
    wanted = frozenset(required) - {"Male"}
    lower = text.lower()
    words = _WORD.findall(lower)
    found, rest = _take_evidence(lower)
    checks: tuple[Callable[[], str | None], ...] = (
        lambda: _foreign_matter(text, words),
        lambda: _length(text, words, max_words),
        lambda: _manner(words, rest),
        lambda: _person(words, subject),
        lambda: _facts(found, wanted),
        lambda: _repetition(words),
        lambda: _mentions(text, subject),
        lambda: _unlicensed(rest, wanted, subject),
        lambda: _grammar(text, subject),
    )
    reason = next((reason for check in checks if (reason := check())), None)
    return Verdict(reason is None, reason)


def _take_evidence(lower: str) -> tuple[Counter[str], str]:
    """How often each attribute is named, and the text without what names them."""
    found: Counter[str] = Counter()
    for pattern, attribute_of in QUALIFIED:

        def take(match: re.Match[str], attribute_of: dict[str, str] = attribute_of) -> str:
            adjectives = match["before"] or match["after"]
            found.update(attribute_of[w] for w in re.findall(r"\w+", adjectives) if w != "and")
            return _TAKEN

        lower = pattern.sub(take, lower)
    for name, pattern in EVIDENCE.items():
        lower, times = pattern.subn(_TAKEN, lower)
        found[name] += times
    return found, lower


def _foreign_matter(text: str, words: Collection[str]) -> str | None:
    """What a caption cannot hold at all."""
    if REFUSALS.search(text.lower()):
        return "refusal"
    if CONTACTS.search(text.lower()):
        return "contact_or_link"
    if echo := _first(words, ECHOES):
        return f"prompt_echo:{echo}"
    if not text.isascii():
        return "not_english"
    return "markup" if re.search(r"[^A-Za-z0-9 ,.;'-]", text) else None


def _length(text: str, words: Collection[str], max_words: int) -> str | None:
    if len(words) < MIN_WORDS:
        return "too_short"
    if len(words) > max_words:
        return "too_long"
    return None if text.endswith(".") else "incomplete"


def _manner(words: Collection[str], rest: str) -> str | None:
    """Negation, hedging and ages."""
    if negation := _first(words, NEGATIONS) or next((w for w in words if w.endswith("n't")), None):
        return f"negation:{negation}"
    if hedge := _first(words, HEDGES):
        return f"hedging:{hedge}"
    for word in _WORD.findall(rest):
        if word in AGE_WORDS or any(map(str.isdigit, word)):
            return f"age:{word}"
    return None


def _person(words: Collection[str], subject: Subject) -> str | None:
    """Whether the subject, and nobody else, is spoken of."""
    said = [word.removesuffix("'s") for word in words]
    others = [p for who, p in PRONOUNS.items() if who != subject.pronoun]
    if wrong := _first(said, frozenset[str]().union(*others)):
        return f"wrong_pronoun:{wrong}"
    own = NOUNS[subject.noun]
    foreign = frozenset[str]().union(*NOUNS.values()) | OTHER_PEOPLE
    if wrong := _first(said, foreign - own - NOUNS["person"]):
        return f"wrong_subject:{wrong}"
    proof = own if subject.child else own | PRONOUNS[subject.pronoun]
    return None if _first(said, proof) else f"missing_subject:{subject.noun}"


def _facts(found: Counter[str], wanted: frozenset[str]) -> str | None:
    """Whether exactly the wanted attributes are named, each once; "young" may come back."""
    for name in ATTRIBUTE_COLUMNS:
        if found[name] and name not in wanted:
            return f"added_attribute:{name}"
    for name in ATTRIBUTE_COLUMNS:
        if name in wanted and not found[name]:
            return f"missing_attribute:{name}"
    repeated = (name for name in ATTRIBUTE_COLUMNS if found[name] > 1 and name != "Young")
    return next((f"repeated_attribute:{name}" for name in repeated), None)


def _repetition(words: list[str]) -> str | None:
    pairs = pairwise(words)
    return next((f"repeated_word:{a}" for a, b in pairs if a == b), None)


def _mentions(text: str, subject: Subject) -> str | None:
    mention = find_stray_mention(text, subject)
    return f"stray_mention:{mention}" if mention else None


def _unlicensed(rest: str, wanted: frozenset[str], subject: Subject) -> str | None:
    """The first word that neither the attributes nor the neutral vocabulary allow."""
    allowed = NEUTRAL | NOUNS[subject.noun] | NOUNS["person"] | PRONOUNS[subject.pronoun]
    allowed |= {noun for noun, names in CONTEXT.items() if names & wanted}
    for word in _WORD.findall(rest):
        if word.removesuffix("'s") not in allowed:
            return f"unlicensed_word:{word}"
    return None


def _grammar(text: str, subject: Subject) -> str | None:
    mistake = find_mistake(text, subject)
    return f"ungrammatical:{mistake}" if mistake else None


def _first(words: Collection[str], listed: Collection[str]) -> str | None:
    return next((word for word in words if word in listed), None)
