import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecaption_assets.captions.choosing import speakable_attributes
from facecaption_assets.captions.generation import generate_caption
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.captions.subjects import Subject, subject_of
from facecaption_assets.rewriting.constrained import (
    licensed_grammar,
    narrow_grammar,
    reworded_grammar,
)
from facecaption_assets.rewriting.plans import MOST_SENTENCES, PICTURES
from facecaption_assets.rewriting.sentences import sentence_plans
from facecaption_assets.rewriting.verification import verify
from facecaption_assets.schema import ATTRIBUTE_COLUMNS


@given(
    positive=st.one_of(
        st.sets(st.sampled_from(ATTRIBUTE_COLUMNS), max_size=16),
        st.sets(st.sampled_from(ATTRIBUTE_COLUMNS), min_size=1, max_size=3),
    ),
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
    assert texts(Subject(male=True), "Male", "Bald") == {
        "This is a bald man.",
        *(f"{this} {word} shows a bald man." for this in ("The", "This") for word in PICTURES),
        *(f"This is a {word} of a bald man." for word in PICTURES),
    }


@pytest.mark.parametrize(
    ("subject", "names"),
    [
        (Subject(male=False), ["Smiling"]),
        (Subject(male=False), ["Black_Hair"]),
        (Subject(male=True), ["Male", "Bald"]),
        (Subject(male=True), ["Male", "Wavy_Hair", "Brown_Hair"]),
        (Subject(), ["Mouth_Slightly_Open"]),
        (Subject(), ["Eyeglasses", "Smiling"]),
        (Subject(male=False, child=True), ["Blond_Hair", "Bangs", "Smiling"]),
    ],
)
def test_of_few_attributes_every_text_is_verified(subject: Subject, names: list[str]) -> None:
    found = texts(subject, *names)
    assert {text: verify(text, names, subject).reason for text in found} == dict.fromkeys(found)


@pytest.mark.parametrize("names", [["Smiling"], ["Black_Hair"], ["Black_Hair", "Young"]])
def test_few_attributes_leave_many_wordings(names: list[str]) -> None:
    assert len(texts(Subject(male=False), *names)) >= 20


@given(
    positive=st.sets(st.sampled_from(ATTRIBUTE_COLUMNS), min_size=1, max_size=4),
    male=st.sampled_from([True, False, None]),
    index=st.integers(0, 99),
)
@settings(max_examples=80, deadline=None, database=None)
def test_no_rewrite_repeats_its_template(positive: set[str], male: bool | None, index: int) -> None:
    face: dict[str, object] = {name: name in positive for name in ATTRIBUTE_COLUMNS}
    face |= {"Male": male, "age_years": None, "face_id": "s-00000-0"}
    template = generate_caption(face, index, CaptionSettings())
    if template is None:
        return
    whole = licensed_grammar(frozenset(template.attributes), subject_of(face))
    reworded = reworded_grammar(whole, template.text)
    assert not reworded.recognises(template.text)
    text = narrow_grammar(reworded, random.Random(index)).sample(random.Random(index))
    assert whole.recognises(text)
    assert verify(text, template.attributes, subject_of(face)).accepted, text


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
    groups |= {"s": ["7"], "k": []}
    plans = sentence_plans(groups)
    assert plans and all(len(plan) <= MOST_SENTENCES for plan in plans)
    assert all(sum(len(groups[g]) for g in sentence) <= 6 for plan in plans for sentence in plan)


def test_an_unavoidably_long_list_is_still_told() -> None:
    groups = {"h": [], "f": ["x"] * 9, "e": [], "w": [], "s": [], "k": []}
    assert sentence_plans(groups) == [("f",)]


def test_a_narrowed_grammar_says_nothing_new_and_differs_from_face_to_face() -> None:
    named = frozenset({"Wavy_Hair", "Eyeglasses", "Smiling", "Oval_Face"})
    whole = licensed_grammar(named, Subject(male=False))
    narrowed = [narrow_grammar(whole, random.Random(seed)) for seed in range(30)]
    texts = {grammar.sample(random.Random(0)) for grammar in narrowed}
    assert all(whole.recognises(text) for text in texts)
    assert len(texts) > 15
    assert narrow_grammar(whole, random.Random(3)) == narrowed[3]
