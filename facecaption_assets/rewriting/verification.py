"""Whether a rewritten caption says exactly what it may say.

The evidence of the required attributes must be there, that of any other must not, and no word may
be left that says anything else. So an invented "sharp jawline" is refused without anyone having
thought of jawlines. Pure functions; the words are in ``vocabulary`` and ``evidence_words``.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.additions import find_addition, find_doubt
from facecaption_assets.rewriting.evidence import Evidence
from facecaption_assets.rewriting.foreign_matter import find_foreign_matter, plain
from facecaption_assets.rewriting.grammaticality import find_mistake
from facecaption_assets.rewriting.linking import find_loose_thing, find_unworn
from facecaption_assets.rewriting.mentions import find_stray_mention
from facecaption_assets.rewriting.reading import find_evidence
from facecaption_assets.rewriting.tokens import is_word, tokenize, word_set
from facecaption_assets.rewriting.vocabulary import HAIR_NOUNS, NOUNS, OTHER_PEOPLE, PRONOUNS
from facecaption_assets.schema import ATTRIBUTE_COLUMNS

#: Raise it with every change that can alter a verdict.
VERIFICATION_VERSION: Final = 4

#: Fewest words of a caption.
MIN_WORDS: Final = 3

#: Longest text that is read at all, characters per allowed word.
_CHARACTERS_PER_WORD: Final = 20

#: Words that no sentence ends with, and those that one without a full stop does not end with.
_NEVER_LAST: Final = frozenset({"a", "an", "the", "and", "but", "with", "of"})
_DANGLING: Final = _NEVER_LAST | word_set(
    "this his her their its or in on at to by from as while who whose "
    "which that is are has have wears wearing having under beneath also both through"
)


@dataclass(frozen=True)
class Verdict:
    """Whether a text is accepted; if not, the first reason, as ``kind`` or ``kind:detail``."""

    accepted: bool
    reason: str | None = None


def tidy(text: str) -> str:
    """The answer without what wraps it: white space, one pair of quotation marks, curly quotes."""
    text = re.sub(" +", " ", plain(text).strip())
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
        The verdict. Reasons, in the order of the checks: ``too_long``, ``refusal``,
        ``contact_or_link:text``, ``instruction:words``, ``prompt_echo:word``,
        ``not_english:word``, ``character:code``, ``markup:character``, ``too_short``,
        ``incomplete:word``, ``negation:word``, ``hedging:word``, ``age:word``,
        ``wrong_pronoun:word``, ``wrong_subject:word``, ``missing_subject:noun``,
        ``added_attribute:Name``, ``missing_attribute:Name``, ``repeated_attribute:Name``,
        ``repeated_word:word``, ``stray_mention:noun``, ``ethnicity:word``, ``name:word``,
        ``unlicensed_word:word``, ``not_worn:words``, ``ungrammatical:words``.
    """
    if len(text) > max_words * _CHARACTERS_PER_WORD:
        return Verdict(False, "too_long")
    wanted = frozenset(required) - {"Male"}
    text = plain(text)
    tokens = tokenize(text)
    words = [token for token in tokens if is_word(token)]
    found = find_evidence(tokens)
    checks: tuple[Callable[[], str | None], ...] = (
        lambda: find_foreign_matter(text, words),
        lambda: _length(text, words, max_words),
        lambda: find_doubt(found, wanted),
        lambda: _person(_unbound(found), subject),
        lambda: _facts(found, wanted),
        lambda: _repetition(tokens),
        lambda: _mentions(found, subject),
        lambda: find_addition(text, found, wanted, subject),
        lambda: _links(found),
        lambda: _grammar(text, subject),
    )
    reason = next((reason for check in checks if (reason := check())), None)
    return Verdict(reason is None, reason)


def _length(text: str, words: Sequence[str], max_words: int) -> str | None:
    if len(words) < MIN_WORDS:
        return "too_short"
    if len(words) > max_words:
        return "too_long"
    if text.endswith("."):
        is_whole = words[-1] not in _NEVER_LAST
    else:
        is_whole = text[-1:].isalpha() and "." not in text and words[-1] not in _DANGLING
    return None if is_whole else f"incomplete:{words[-1]}"


def _unbound(found: Evidence) -> list[str]:
    """The tokens but for pronouns of things: "eyes with bags under them"."""
    pairs = zip(found.tokens, found.taken, strict=True)
    return [token for token, taken in pairs if not (taken and token == "them")]


def _person(words: Sequence[str], subject: Subject) -> str | None:
    """Whether the subject, and nobody else, is spoken of."""
    others = [p for who, p in PRONOUNS.items() if who != subject.pronoun]
    if wrong := _first(words, frozenset[str]().union(*others)):
        return f"wrong_pronoun:{wrong}"
    own = NOUNS[subject.noun]
    foreign = frozenset[str]().union(*NOUNS.values()) | OTHER_PEOPLE
    if wrong := _first(words, foreign - own - NOUNS["person"]):
        return f"wrong_subject:{wrong}"
    proof = own if subject.child else own | PRONOUNS[subject.pronoun]
    if subject.noun == "woman":
        proof |= HAIR_NOUNS
    return None if _first(words, proof) else f"missing_subject:{subject.noun}"


def _facts(found: Evidence, wanted: frozenset[str]) -> str | None:
    """Whether exactly the wanted attributes are named, and no sentence tells only what is known."""
    named = {name for name, _ in found.named}
    for name in ATTRIBUTE_COLUMNS:
        if name in named and name not in wanted:
            return f"added_attribute:{name}"
    for name in ATTRIBUTE_COLUMNS:
        if name in wanted and name not in named:
            return f"missing_attribute:{name}"
    return _told_twice(found)


def _told_twice(found: Evidence) -> str | None:
    """An attribute told twice in a sentence, or by a sentence that tells nothing new."""
    sentences: list[list[str]] = [[]]
    places = sorted(found.named, key=lambda item: item[1])
    ends = [i for i, token in enumerate(found.tokens) if token == "."]
    for name, place in places:
        number = sum(end < place for end in ends)
        sentences += [[] for _ in range(number + 1 - len(sentences))]
        sentences[number].append(name)
    known: set[str] = {"Young"}
    for names in sentences:
        seen: set[str] = set()
        for name in names:
            if name in seen:
                return f"repeated_attribute:{name}"
            seen.add(name)
        if names and seen - {"Young"} and seen <= known:
            return f"repeated_attribute:{names[-1]}"
        known |= seen
    return None


def _repetition(tokens: Sequence[str]) -> str | None:
    pairs = pairwise(tokens)
    return next((f"repeated_word:{a}" for a, b in pairs if a == b), None)


def _mentions(found: Evidence, subject: Subject) -> str | None:
    mention = find_stray_mention(found, subject)
    return f"stray_mention:{mention}" if mention else None


def _links(found: Evidence) -> str | None:
    if loose := find_loose_thing(found):
        return f"ungrammatical:{loose}"
    unworn = find_unworn(found)
    return f"not_worn:{unworn}" if unworn else None


def _grammar(text: str, subject: Subject) -> str | None:
    mistake = find_mistake(text, subject)
    return f"ungrammatical:{mistake}" if mistake else None


def _first(words: Collection[str], listed: Collection[str]) -> str | None:
    return next((word for word in words if word in listed), None)
