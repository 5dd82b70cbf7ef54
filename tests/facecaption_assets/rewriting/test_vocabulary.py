from facecaption_assets.rewriting.evidence_words import FRAMES, THINGS, TRAITS
from facecaption_assets.rewriting.reading import find_evidence
from facecaption_assets.rewriting.vocabulary import (
    AGE_WORDS,
    HEDGES,
    NEGATIONS,
    NEUTRAL,
    OBJECT_VERBS,
    OTHER_PEOPLE,
    PARTICIPLES,
    PEOPLE,
    THING_VERBS,
)
from facecaption_assets.schema import ATTRIBUTE_COLUMNS


def test_every_attribute_has_evidence() -> None:
    framed = {name for frame in FRAMES for name in frame.adjectives}
    assert {*THINGS, *TRAITS, *framed, "Male"} == {*ATTRIBUTE_COLUMNS}


def test_no_neutral_word_says_anything() -> None:
    for words in (AGE_WORDS, HEDGES, NEGATIONS, OTHER_PEOPLE, PEOPLE):
        assert not NEUTRAL & words
    assert not find_evidence([f"{word}" for word in sorted(NEUTRAL)]).named


def test_a_word_has_one_place() -> None:
    lists = (NEUTRAL, OBJECT_VERBS, PARTICIPLES, THING_VERBS)
    assert sum(map(len, lists)) == len(frozenset[str]().union(*lists))


def test_parts_of_words_are_no_evidence() -> None:
    assert not find_evidence(["that", "chat", "tied", "smiley", "necktied"]).named
