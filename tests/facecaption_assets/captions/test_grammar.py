import random

import pytest

from facecaption_assets.captions.grammar import PLANS, caption_grammar
from facecaption_assets.captions.subjects import Subject
from facecaption_assets.captions.wordings import TOPICS


def test_every_plan_has_each_topic_once() -> None:
    for plan in PLANS:
        assert sorted(t for topics in plan.sentences for t in topics) == sorted(TOPICS)


def captions(subject: Subject, *names: str) -> set[str]:
    grammar = caption_grammar(frozenset(names), subject)
    return {grammar.sample(random.Random(seed)) for seed in range(60)}


def test_they_takes_the_plural_and_the_person_the_singular() -> None:
    found = captions(Subject(), "Wavy_Hair", "Smiling", "Wearing_Hat", "Narrow_Eyes")
    assert any("They have" in text for text in found)
    assert any("They wear" in text or "They are" in text for text in found)
    for text in found:
        assert "They has" not in text and "They is" not in text
        assert "person have" not in text and "person are" not in text


def test_wording_varies() -> None:
    assert len(captions(Subject(male=False), "Wavy_Hair", "Eyeglasses", "Pale_Skin")) > 8


def test_a_blurry_picture_is_told_of_the_picture() -> None:
    assert captions(Subject(male=True), "Male", "Blurry") == {"The picture of a man is blurry."}


@pytest.mark.parametrize(
    ("names", "subject"), [(("Male",), Subject()), (("Smiling",), Subject(male=True))]
)
def test_the_subject_must_agree_with_male(names: tuple[str, ...], subject: Subject) -> None:
    with pytest.raises(ValueError, match="Male"):
        caption_grammar(frozenset(names), subject)
