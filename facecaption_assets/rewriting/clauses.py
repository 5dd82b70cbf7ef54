"""Who or what a verb or predicate is said of: a guess from the words before it, no parser."""

from collections.abc import Collection, Sequence
from typing import Final

from facecaption_assets.rewriting.evidence import NOUN_TABLE, Evidence, Taken
from facecaption_assets.rewriting.vocabulary import HAIR_NOUNS, LINKS, PEOPLE, SUBJECT_PRONOUNS

_PERSONS: Final = PEOPLE | SUBJECT_PRONOUNS | {"who"}
_RELATIVES: Final = frozenset({"that", "which"})
_SENTENCE_MARKS: Final = frozenset({".", ";", ":", "while"})
_CLAUSE_MARKS: Final = _SENTENCE_MARKS | {",", "as"}
_POSSESSIVES: Final = frozenset({"his", "her", "their"})

#: What begins a sentence whose subject comes later: "Wearing a hat, the woman is ...".
_FRONTED: Final = frozenset({"wearing", "with", "in", "sporting", "featuring", "having", "under"})


def is_said_of_person(found: Evidence, i: int) -> bool:
    """Whether the predicate that begins at ``i`` is said of the person; True where unclear."""
    tokens = found.tokens
    end = i
    while end and tokens[end - 1] in LINKS:
        end -= 1
    if not end or tokens[end - 1] in _PERSONS:
        return True
    if _RELATIVES & set(tokens[end:i]):
        return False
    clause = _after_last(tokens, end, _SENTENCE_MARKS | {","})
    if tokens[clause + (tokens[clause] == "and")] in _POSSESSIVES:
        return False
    begin = _after_last(tokens, end, _SENTENCE_MARKS)
    first, is_person = _first_noun(found, begin, end)
    return is_person or (first > begin and tokens[begin] in _FRONTED)


def is_said_of_thing(found: Evidence, i: int) -> bool:
    """Whether the verb at ``i`` is said of a thing; False where unclear."""
    if i > 1 and found.tokens[i - 1] in _RELATIVES:
        return found.tokens[i - 2] not in _PERSONS
    begin = _after_last(found.tokens, i, _CLAUSE_MARKS)
    first, is_person = _first_noun(found, begin, i)
    if not is_person:
        return True
    joined = _after_last(found.tokens, i, {"and"})
    has_own_noun = joined > first and found.tokens[joined] in _POSSESSIVES | {"a", "the"}
    return has_own_noun and not _first_noun(found, joined, i)[1]


def _after_last(tokens: Sequence[str], i: int, marks: Collection[str]) -> int:
    """The place after the last of the marks before ``i - 1``, or the beginning."""
    begin = max(i - 1, 0)
    while begin and tokens[begin - 1] not in marks:
        begin -= 1
    return begin


def _first_noun(found: Evidence, begin: int, end: int) -> tuple[int, bool]:
    """The place of the first noun that owns no other, and whether it is the person."""
    for j in range(begin, end):
        is_owner = found.tokens[j + 1 : j + 2] == ["'s"]
        is_thing = found.taken[j] is Taken.THING
        is_person = found.tokens[j] in _PERSONS or (found.tokens[j] in HAIR_NOUNS and not is_thing)
        if is_person and not is_owner:
            return j, True
        if is_thing or NOUN_TABLE.starting(found.tokens, j):
            return j, False
    return end, True
