"""What a caption says beyond its attributes: the words that are left when the evidence is taken.

Also doubt, which takes back what is said: negations, hedges, ages. What the words are belongs to
``vocabulary``.
"""

import re
from typing import Final

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.clauses import is_said_of_thing
from facecaption_assets.rewriting.evidence import Evidence, Taken
from facecaption_assets.rewriting.phrase_table import PhraseTable
from facecaption_assets.rewriting.tokens import MARKS, is_word
from facecaption_assets.rewriting.vocabulary import (
    AGE_WORDS,
    COMPLEMENTS,
    CONTEXT,
    DETERMINERS,
    ETHNICITIES,
    HEDGES,
    NEGATIONS,
    NEUTRAL,
    NEUTRAL_PHRASES,
    NOUNS,
    OBJECT_VERBS,
    PARTICIPLES,
    PREPOSITIONS,
    PRONOUNS,
    SHOWN,
    THING_VERBS,
)

_BEFORE_OBJECT: Final = DETERMINERS | {"with", "to"}

#: Verbs that are names as well: only things mark and grace a face.
_NAMES: Final = frozenset({"mark", "grace"})

#: What is said to hide what it covers, and what may cover a face without hiding it.
_HIDING: Final = frozenset({"cover", "covers", "covering", "covered"})
_ON_FACES: Final = frozenset({"5_o_Clock_Shadow", "Goatee", "Heavy_Makeup", "Mustache"})

_PHRASES: Final = PhraseTable({"": NEUTRAL_PHRASES})


def find_doubt(found: Evidence, wanted: frozenset[str]) -> str | None:
    """A negation, a hedge or an age, or None.

    "No beard" negates nothing where the beard's absence is what has to be told.
    """
    kept = "No_Beard" in wanted
    neutral = _phrase_places(found)
    for i, token in enumerate(found.tokens):
        is_kept = kept and not _takes_in_more(found, i)
        if i in neutral or (found.taken[i] and (is_kept or not _is_negative(token))):
            continue
        if _is_negative(token):
            return f"negation:{token}"
        if token in HEDGES:
            return f"hedging:{token}"
        if token in AGE_WORDS or any(map(str.isdigit, token)):
            return f"age:{token}"
    return None


def _takes_in_more(found: Evidence, i: int) -> bool:
    """Whether the "without" at ``i`` takes in the next thing: "without a beard and glasses"."""
    if found.tokens[i] != "without" or "beard" not in found.tokens[i : i + 4]:
        return False
    end = found.tokens.index("beard", i) + 1
    return found.tokens[end : end + 1] == ["and"] and found.taken[end + 1] is Taken.THING


def _is_negative(token: str) -> bool:
    return token in NEGATIONS or token.endswith("n't")


def find_addition(
    text: str, found: Evidence, wanted: frozenset[str], subject: Subject
) -> str | None:
    """The reason to refuse the first word that neither the attributes nor any list allow.

    Args:
        text: The caption, whose capitals tell names.
        found: Its evidence.
        wanted: Attributes that it must name.
        subject: Whom it speaks of.
    """
    people = NOUNS[subject.noun] | NOUNS["person"] | PRONOUNS[subject.pronoun]
    neutral = _phrase_places(found)
    for i, token in enumerate(found.tokens):
        if found.taken[i] or token in MARKS or i in neutral or token in people or token in NEUTRAL:
            continue
        if not _is_in_place(found, i, wanted):
            return _reason(text, token)
    return None


def _is_in_place(found: Evidence, i: int, wanted: frozenset[str]) -> bool:
    """Whether a word that is neutral in some places is in one of them."""
    token = found.tokens[i]
    if token in _HIDING and _hides_face(found, i, wanted):
        return False
    if token in SHOWN and _is_verb(found, i):
        return True
    if token in PARTICIPLES and COMPLEMENTS & set(found.tokens[i + 1 : i + 2]):
        return True
    if token in THING_VERBS and _is_followed(found, i) and is_said_of_thing(found, i):
        return True
    if token in OBJECT_VERBS and _has_object(found, i):
        return True
    return bool(CONTEXT.get(token, frozenset()) & wanted) and _is_determined(found, i)


def _hides_face(found: Evidence, i: int, wanted: frozenset[str]) -> bool:
    """Whether a face is covered, and not with what does not hide it."""
    near = found.tokens[max(i - 3, 0) : i + 5]
    return "face" in near and not _ON_FACES & wanted


def _has_object(found: Evidence, i: int) -> bool:
    """Whether an object follows the verb, and the verb does not describe it."""
    following = found.tokens[i + 1 : i + 2]
    if not following or (found.tokens[i] in _NAMES and not _has_thing_before(found, i)):
        return False
    is_adjective = found.tokens[i].endswith("ing")
    return following[0] in _BEFORE_OBJECT or (not is_adjective and found.taken[i + 1] is not None)


def _has_thing_before(found: Evidence, i: int) -> bool:
    """Whether a thing, "that" or "also" stands before the verb at ``i``."""
    return bool(i) and (
        found.taken[i - 1] is Taken.THING or found.tokens[i - 1] in {"that", "which", "also"}
    )


def _is_followed(found: Evidence, i: int) -> bool:
    """Whether an object or a place follows."""
    if i + 1 >= len(found.tokens):
        return False
    return found.taken[i + 1] is not None or found.tokens[i + 1] in PREPOSITIONS | DETERMINERS


def _phrase_places(found: Evidence) -> set[int]:
    """Places of the tokens of neutral phrases; "not only" is one where "but" follows."""
    places: set[int] = set()
    for i in range(len(found.tokens)):
        if i not in places and (match := _PHRASES.starting(found.tokens, i)):
            phrase = range(i, match[0])
            if found.tokens[i] != "not" or "but" in found.tokens[phrase.stop :]:
                places |= set(phrase)
    return places


def _is_verb(found: Evidence, i: int) -> bool:
    """Whether the participle stands for a verb and describes no noun that follows."""
    following = found.tokens[i + 1 : i + 2]
    return not following or following[0] in MARKS or following[0] in PREPOSITIONS


def _is_determined(found: Evidence, i: int) -> bool:
    """Whether a noun has a determiner and is not itself the first half of another noun."""
    tokens = found.tokens
    before = tokens[i - 1] if i else ""
    is_second = before == "and" and tokens[i - 2] in CONTEXT and not found.taken[i - 2]
    is_half = (
        i + 1 < len(tokens)
        and found.taken[i + 1] is Taken.THING
        and tokens[i + 1] not in PREPOSITIONS
    )
    return (before in DETERMINERS or is_second) and not is_half


def _reason(text: str, token: str) -> str:
    if token in ETHNICITIES:
        return f"ethnicity:{token}"
    if is_word(token) and re.search(rf"[a-z0-9,;] {re.escape(token.capitalize())}\b", text):
        return f"name:{token.capitalize()}"
    return f"unlicensed_word:{token}"
