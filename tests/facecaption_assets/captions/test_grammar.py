import random
import re

import pytest

from facecaption_assets.captions.grammar import word_caption
from facecaption_assets.captions.subjects import Subject
from tests.label_sets import random_states


def captions(subject: Subject, *names: str) -> set[str]:
    rng = random.Random(0)
    return {word_caption(frozenset(names), subject, rng) for _ in range(300)}


def test_they_takes_the_plural_and_the_person_the_singular() -> None:
    found = captions(Subject(), "Wavy_Hair", "Smiling", "Wearing_Hat", "Narrow_Eyes")
    assert any("They have" in text for text in found)
    assert any("They wear" in text or "They are" in text for text in found)
    for text in found:
        assert not re.search(r"[Tt]hey (?:has|is|wears|smiles)\b", text)
        assert not re.search(r"person (?:have|are|wear|smile)\b", text)


@pytest.mark.parametrize(
    ("male", "others"),
    [(True, "she|her|they|their|woman|person"), (False, "he|his|they|their|man|person")],
)
def test_noun_and_pronouns_agree(male: bool, others: str) -> None:
    names = ["Bags_Under_Eyes", "Smiling", "Mouth_Slightly_Open", "Wearing_Hat"]
    for text in captions(Subject(male=male), *names, *["Male"] * male):
        assert not re.search(rf"\b(?:{others})\b", text.lower())


@pytest.mark.parametrize("name", ["Brown_Hair", "Smiling", "Wearing_Hat", "Eyeglasses", "Goatee"])
def test_a_single_attribute_is_worded_in_many_ways(name: str) -> None:
    assert len(captions(Subject(male=True), "Male", name)) >= 8


def test_three_attributes_are_told_in_more_than_a_hundred_ways() -> None:
    assert len(captions(Subject(male=False), "Brown_Hair", "Smiling", "Young", "Eyeglasses")) > 100


def test_a_blurry_picture_is_told_of_the_picture() -> None:
    found = captions(Subject(male=True), "Male", "Blurry")
    assert "This portrait of a man is blurry." in found
    assert all(re.fullmatch(r"This .*(?:blurry|blurred).*\.", text) for text in found)


@pytest.mark.parametrize(
    ("names", "subject"), [(("Male",), Subject()), (("Smiling",), Subject(male=True))]
)
def test_the_subject_must_agree_with_male(names: tuple[str, ...], subject: Subject) -> None:
    with pytest.raises(ValueError, match="Male"):
        word_caption(frozenset(names), subject, random.Random(0))


def test_no_three_sentences_begin_alike_and_no_list_is_long() -> None:
    rng = random.Random(0)
    for _ in range(2000):
        states = random_states(rng)
        names = frozenset(name for name, state in states.items() if state)
        text = word_caption(names, Subject(male="Male" in names or None), rng)
        sentences = text.removesuffix(".").split(". ")
        begun = [sentence.split()[0] for sentence in sentences]
        triples = zip(begun, begun[1:], begun[2:], strict=False)
        assert not any(len(set(three)) == 1 for three in triples), text
        assert max(sentence.count(",") for sentence in sentences) <= 6, text
