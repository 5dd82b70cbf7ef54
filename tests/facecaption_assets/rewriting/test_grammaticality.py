import pytest

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.grammaticality import find_mistake

MAN = Subject(male=True)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("He is wearing a bangs.", "a bangs"),
        ("He is wearing high cheekbones.", "wearing high cheekbones"),
        ("He wears a double chin.", "a double chin"),
        ("He has a wavy brown hair.", "a wavy brown hair"),
        ("He has an arched eyebrows.", "an arched eyebrows"),
        ("The man has oval face.", "has oval face"),
        ("This man with brown hair and a goatee have bushy eyebrows.", "have"),
        ("The man has an oval face wearing a hat.", "has an oval face wearing"),
        ("The man has a bald face.", "bald face"),
        ("The man has blond", "has blond"),
        ("He wears a hat and has bald.", "has bald"),
        ("The man has a oval face.", "a oval"),
        ("The man is smiling. he is bald.", "he"),
        ("The man is smiling , bald.", ","),
    ],
)
def test_a_mistake_is_found(text: str, mistake: str) -> None:
    assert find_mistake(text, MAN) == mistake


@pytest.mark.parametrize(
    "text",
    [
        "The man has wavy brown hair, a goatee, and light stubble.",
        "His hair is wavy. The man's nose is pointed.",
        "He wears a hat and necktie with a pair of eyeglasses.",
        "The man has five o'clock shadow.",
        "A man wearing a hat, eyeglasses, and a tie has bushy arched eyebrows.",
        "He is smiling with his lips slightly parted and wears a hat.",
    ],
)
def test_good_english_is_left_alone(text: str) -> None:
    assert find_mistake(text, MAN) is None


def test_they_takes_have_and_wear() -> None:
    assert find_mistake("They have bangs and wear a hat.", Subject()) is None
