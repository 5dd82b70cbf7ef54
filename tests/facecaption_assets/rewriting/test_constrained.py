import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecaption_assets.captions.choosing import speakable_attributes
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.captions.subjects import Subject, subject_of
from facecaption_assets.rewriting.constrained import (
    licensed_grammar,
    narrow_grammar,
    sentence_plans,
)
from facecaption_assets.rewriting.plans import MOST_SENTENCES
from facecaption_assets.rewriting.verification import verify
from facecaption_assets.schema import ATTRIBUTE_COLUMNS


@given(
    positive=st.sets(st.sampled_from(ATTRIBUTE_COLUMNS), max_size=16),
    male=st.sampled_from([True, False, None]),
    age=st.sampled_from([None, 5.0, 40.0]),
    outspoken=st.booleans(),
)
@settings(max_examples=80, deadline=None, database=None)
def test_every_text_of_the_grammar_is_verified(
    positive: set[str], male: bool | None, age: float | None, outspoken: bool
) -> None:
    face: dict[str, object] = {name: name in positive for name in ATTRIBUTE_COLUMNS}
    face |= {"Male": male, "age_years": age}
    unspoken = () if outspoken else CaptionSettings().unspoken
    stage = CaptionSettings(unspoken=unspoken)
    named = speakable_attributes(face, subject_of(face), stage)
    grammar = licensed_grammar(frozenset(named), subject_of(face))
    for seed in range(8):
        text = grammar.sample(random.Random(seed))
        assert verify(text, named, subject_of(face), 99).reason is None, text


def texts(subject: Subject, *names: str) -> set[str]:
    grammar = licensed_grammar(frozenset(names), subject)
    return {grammar.sample(random.Random(seed)) for seed in range(300)}


def test_wording_and_plan_vary() -> None:
    found = texts(Subject(male=False), "Wavy_Hair", "Bangs", "Smiling", "Eyeglasses", "Oval_Face")
    assert len(found) > 100
    assert len({text.count(".") for text in found}) == 3
    assert len({text.split()[0] for text in found}) >= 4


def test_a_small_grammar_is_exactly_its_plans() -> None:
    assert texts(Subject(male=True), "Male", "Young", "Bald", "Smiling") == {
        "The bald young man is smiling.",
        "The bald young man smiles.",
        "This bald young man is smiling.",
        "This bald young man smiles.",
        "This is a bald young man who is smiling.",
    }


@pytest.mark.parametrize("text", sorted(texts(Subject(), "Attractive", "Brown_Hair", "Smiling")))
def test_they_agrees_and_an_precedes_a_vowel(text: str) -> None:
    assert "a attractive" not in text.lower()
    assert "They is" not in text and "They smiles" not in text


def test_a_list_with_and_is_set_off_by_a_comma() -> None:
    found = texts(Subject(male=True), "Male", "Brown_Hair", "Goatee", "Wearing_Hat")
    assert any("brown hair and a goatee, and wears a hat" in text for text in found)
    assert not any("a goatee and wears" in text for text in found)


def test_plans_overload_no_sentence_where_they_can() -> None:
    groups = {"h": ["1", "2", "3"], "f": ["4", "5", "6"], "e": ["7"], "w": ["8", "9"]}
    plans = sentence_plans(groups)
    assert plans and all(len(plan) <= MOST_SENTENCES for plan in plans)
    assert all(sum(len(groups[g]) for g in sentence) <= 6 for plan in plans for sentence in plan)


def test_an_unavoidably_long_list_is_still_told() -> None:
    groups = {"h": [], "f": ["x"] * 9, "e": [], "w": []}
    assert sentence_plans(groups) == [("f",)]


def test_a_narrowed_grammar_says_nothing_new_and_differs_from_face_to_face() -> None:
    named = frozenset({"Wavy_Hair", "Eyeglasses", "Smiling", "Oval_Face"})
    whole = licensed_grammar(named, Subject(male=False))
    narrowed = [narrow_grammar(whole, random.Random(seed)) for seed in range(30)]
    texts = {grammar.sample(random.Random(0)) for grammar in narrowed}
    assert all(whole.recognises(text) for text in texts)
    assert len(texts) > 15
    assert narrow_grammar(whole, random.Random(3)) == narrowed[3]
