import random
import re
from collections.abc import Collection
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecaption_assets.captions.choosing import speakable_attributes
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.captions.subjects import Subject, subject_of
from facecaption_assets.rewriting.constrained import licensed_grammar
from facecaption_assets.rewriting.plans import LENGTHS, PICTURES
from facecaption_assets.rewriting.verification import verify
from facecaption_assets.schema import ATTRIBUTE_COLUMNS

RICH = frozenset(
    {
        *("Wavy_Hair", "Brown_Hair", "Bangs", "Arched_Eyebrows", "Oval_Face", "High_Cheekbones"),
        *("Rosy_Cheeks", "Pale_Skin", "Smiling", "Mouth_Slightly_Open", "Wearing_Lipstick"),
        *("Wearing_Earrings", "Young"),
    }
)


@given(
    positive=st.one_of(
        st.sets(st.sampled_from(ATTRIBUTE_COLUMNS), min_size=1, max_size=16),
        st.sets(st.sampled_from(ATTRIBUTE_COLUMNS), min_size=1, max_size=3),
    ),
    male=st.sampled_from([True, False, None]),
    age=st.sampled_from([None, 5.0, 40.0]),
    outspoken=st.booleans(),
    style=st.sampled_from(sorted(LENGTHS)),
)
@settings(max_examples=120, deadline=None, database=None)
def test_every_text_of_the_grammar_is_verified(
    positive: set[str], male: bool | None, age: float | None, outspoken: bool, style: str
) -> None:
    face: dict[str, object] = {name: name in positive for name in ATTRIBUTE_COLUMNS}
    face |= {"Male": male, "age_years": age}
    unspoken = () if outspoken else CaptionSettings().unspoken
    stage = CaptionSettings(unspoken=unspoken)
    named = speakable_attributes(face, subject_of(face), stage)
    grammar = licensed_grammar(frozenset(named), subject_of(face), style)
    for seed in range(8):
        text = grammar.sample(random.Random(seed))
        assert verify(text, named, subject_of(face), 99).reason is None, text


def texts(
    subject: Subject, *names: str, style: str = "normal", draws: int = 300
) -> Collection[str]:
    grammar = licensed_grammar(frozenset(names), subject, style)
    return {grammar.sample(random.Random(seed)) for seed in range(draws)}


def test_wording_and_plan_vary() -> None:
    found = texts(Subject(male=False), "Wavy_Hair", "Bangs", "Smiling", "Eyeglasses", "Oval_Face")
    assert len(found) > 200
    assert {text.count(".") for text in found} == {1, 2, 3}
    assert len({text.split()[0] for text in found}) >= 6


def test_a_small_grammar_is_exactly_its_plans() -> None:
    framed = ("This {} shows", "The {} shows", "The {} captures", "This {} features")
    framed += ("This {} depicts", "The {} is of", "In this {}, there is", "Shown in this {} is")
    framed += ("Seen in this {} is", "This {} shows the face of", "The face in this {} is that of")
    frames = [frame.format(word) for word in PICTURES for frame in framed]
    a_picture = ["An image", *(f"A {word}" for word in PICTURES if word != "image")]
    places = [
        place.format(word)
        for word in PICTURES
        for place in (" in this {}", " in the {}", " shown in this {}")
    ]
    assert texts(Subject(male=True), "Male", "Bald", draws=4000) == {
        *(f"{frame} a bald man." for frame in frames),
        *(f"{word} {of} a bald man." for word in a_picture for of in ("of", "showing")),
        *(f"This is {word[0].lower()}{word[1:]} of a bald man." for word in a_picture),
        *(f"{frame} a bald man." for frame in ("This is", "Pictured is")),
        *(f"The man{place} is bald." for place in places),
        *(f"A bald man is shown in this {word}." for word in PICTURES),
        *(f"There is a bald man in this {word}." for word in PICTURES),
        *("The man is bald.", "This man is bald."),
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
@pytest.mark.parametrize("style", LENGTHS)
def test_of_few_attributes_every_text_is_verified(
    subject: Subject, names: list[str], style: str
) -> None:
    found = texts(subject, *names, style=style)
    assert {text: verify(text, names, subject).reason for text in found} == dict.fromkeys(found)


@pytest.mark.parametrize("names", [["Smiling"], ["Black_Hair"], ["Black_Hair", "Young"]])
def test_few_attributes_leave_many_wordings(names: list[str]) -> None:
    assert len(texts(Subject(male=False), *names)) >= 60


@pytest.mark.parametrize("text", sorted(texts(Subject(), "Attractive", "Brown_Hair", "Smiling")))
def test_they_agrees_and_an_precedes_a_vowel(text: str) -> None:
    assert "a attractive" not in text.lower()
    assert not re.search(r"They (is|smiles|has)\b|person (are|have|smile)\b", text)


def test_a_list_with_and_is_set_off_by_a_comma() -> None:
    found = texts(Subject(male=True), "Male", "Brown_Hair", "Goatee", "Wearing_Hat")
    assert any("brown hair and a goatee, and wears a hat" in text for text in found)
    assert not any("hair and a goatee and wears" in text for text in found)


def test_a_smile_is_told_as_adjective_as_participle_and_with_the_mouth() -> None:
    found = texts(Subject(male=False), "Black_Hair", "Smiling", "Mouth_Slightly_Open")
    for told in (
        "smiling woman with black hair, her mouth slightly open.",
        "smiles, her lips slightly parted.",
        "Her lips are slightly parted.",
        "a woman with black hair, smiling with her mouth slightly open.",
        "smiling black-haired woman",
    ):
        assert any(told in text for text in found), told


def test_a_fragment_stands_alone() -> None:
    nouns = "man|woman|person|child|boy|girl"
    verbs = re.compile(r"\b(is|has|wears|sports|smiles|shows|captures|depicts|features)\b")
    for text in texts(Subject(male=True), "Male", "Gray_Hair", "Mustache", "Eyeglasses", "Smiling"):
        sentences = text.removesuffix(".").split(". ")
        assert re.search(nouns, sentences[0])
        assert len(sentences) == 1 or all(verbs.search(sentence) for sentence in sentences), text


def test_the_same_word_begins_no_three_sentences_in_a_row() -> None:
    for style in LENGTHS:
        for text in texts(Subject(male=False), *RICH, style=style):
            firsts = [sentence.split()[0] for sentence in text.split(". ")]
            assert all(len(set(firsts[i : i + 3])) > 1 for i in range(len(firsts) - 2)), text


def test_nothing_but_hats_glasses_and_ties_is_sported() -> None:
    assert any("sports a hat" in text for text in texts(Subject(male=True), "Male", "Wearing_Hat"))
    found = texts(Subject(male=False), "Wearing_Hat", "Wearing_Lipstick")
    assert not any("sport" in text for text in found)


def test_with_does_not_follow_with_in_one_clause() -> None:
    for text in texts(Subject(male=True), "Male", "Pointy_Nose", "Black_Hair", "Goatee"):
        assert not re.search(r"\bwith [^,.]* with\b", text), text


def test_a_short_caption_is_one_sentence_of_at_most_fifteen_words() -> None:
    names = ("Wavy_Hair", "Brown_Hair", "Smiling", "Eyeglasses", "Young")
    found = texts(Subject(male=False), *names, style="short")
    assert len(found) > 5
    assert {text.count(".") for text in found} == {1}
    assert max(len(text.split()) for text in found) <= LENGTHS["short"].most_words


def test_a_short_caption_of_too_much_is_as_short_as_it_can_be() -> None:
    found = [len(text.split()) for text in texts(Subject(male=False), *RICH, style="short")]
    usual = [len(text.split()) for text in texts(Subject(male=False), *RICH)]
    assert min(found) > LENGTHS["short"].most_words
    assert mean(found) < mean(usual)


@pytest.mark.parametrize("names", [["Smiling"], ["Black_Hair"], [*RICH]])
def test_a_detailed_caption_has_two_to_four_sentences(names: list[str]) -> None:
    found = texts(Subject(male=False), *names, style="detailed")
    assert {text.count(".") for text in found} <= {2, 3, 4}


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(ValueError, match="style is 'long'; allowed are short, normal, detailed"):
        licensed_grammar(frozenset({"Smiling"}), Subject(), "long")
