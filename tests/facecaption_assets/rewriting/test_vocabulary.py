import pytest

from facecaption_assets.captions.wordings import EYEBROWS, HAIR_COLOUR_WORDS, HAIR_TEXTURES
from facecaption_assets.rewriting.vocabulary import (
    AGE_WORDS,
    EVIDENCE,
    HEDGES,
    NEGATIONS,
    NEUTRAL,
    NOUNS,
    OTHER_PEOPLE,
)
from facecaption_assets.schema import ATTRIBUTE_COLUMNS


def test_every_attribute_has_evidence() -> None:
    qualified = {*EYEBROWS, *HAIR_COLOUR_WORDS, *HAIR_TEXTURES}
    assert {*EVIDENCE, *qualified, "Male"} == set(ATTRIBUTE_COLUMNS)


def test_no_neutral_word_says_anything() -> None:
    people = frozenset[str]().union(*NOUNS.values())
    for words in (AGE_WORDS, HEDGES, NEGATIONS, OTHER_PEOPLE, people):
        assert not NEUTRAL & words
    for word in NEUTRAL:
        assert not any(pattern.search(word) for pattern in EVIDENCE.values())


@pytest.mark.parametrize("text", ["that", "chat", "tied", "smiley", "hat-rack"])
def test_parts_of_words_are_no_evidence(text: str) -> None:
    assert not any(pattern.search(text) for pattern in EVIDENCE.values())
