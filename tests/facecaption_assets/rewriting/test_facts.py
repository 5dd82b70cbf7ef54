import pytest

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.facts import facts, plain_words


def test_facts_are_plain() -> None:
    named = frozenset({"Young", "Wavy_Hair", "Bangs", "Bags_Under_Eyes", "Blurry"})
    assert facts(named, Subject(male=False)) == [
        "young woman",
        "wavy hair",
        "bangs",
        "bags under her eyes",
        "the picture is blurry",
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Wearing_Hat", "a hat"),
        ("Bags_Under_Eyes", "bags under his eyes"),
        ("Young", "young"),
        ("Male", "male"),
        ("jawline", "jawline"),
        ("", ""),
    ],
)
def test_an_attribute_is_put_in_words_and_a_word_stays(name: str, words: str) -> None:
    assert plain_words(name, Subject(male=True)) == words
