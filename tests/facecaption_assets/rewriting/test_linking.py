import pytest

from facecaption_assets.rewriting.linking import find_loose_thing, find_unworn
from facecaption_assets.rewriting.reading import find_evidence
from facecaption_assets.rewriting.tokens import tokenize


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("brown hair, smiling, woman", "brown"),
        ("man, black hair, smile", "black"),
        ("Man black hair glasses.", "black"),
        ("A woman, brown hair, smiling.", "brown"),
        ("Woman. Brown hair. Glasses. Smiling.", "brown"),
        ("A picture, black hair, glasses, man.", "black"),
        ("A woman, brown hair, wearing glasses.", "woman , brown"),
        ("The woman brown hair is smiling.", "woman brown"),
        ("The man hat is worn.", "man hat"),
        ("A man and a hat.", "hat"),
        ("A man and a hat in a picture.", "man and a hat"),
        ("A picture of a smile is shown to the man.", "picture of a smile"),
        ("A man in a goatee picture.", "picture"),
    ],
)
def test_things_that_no_word_ties_to_the_person_are_found(text: str, words: str) -> None:
    assert find_loose_thing(find_evidence(tokenize(text))) == words


@pytest.mark.parametrize(
    "text",
    [
        "A smiling woman.",
        "They smile.",
        "A bespectacled man with a goatee.",
        "A young woman, her lips slightly parted.",
        "In this photo of a woman, brown hair frames her face.",
        "This is a man, and a hat sits on his head.",
        "There are bags under the man's eyes.",
        "The man's hairline recedes.",
        "A bald man without a beard.",
        "The woman's brown hair features bangs.",
        "She's got a necklace.",
    ],
)
def test_things_that_a_word_ties_to_the_person_are_not_loose(text: str) -> None:
    assert find_loose_thing(find_evidence(tokenize(text))) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A man beside a hat.", "beside a hat"),
        ("A man is near a hat.", "near a hat"),
        ("A man with a hat beside him.", "beside him"),
        ("A woman with a hat beside her.", "beside her"),
        ("A hat and a tie are near the young man.", "near the"),
        ("A necklace rests below the woman.", "below the"),
        ("A hat is below them.", "below them"),
        ("The man offers a hat.", "offers a hat"),
        ("The woman presents earrings.", "presents earrings"),
    ],
)
def test_what_is_not_on_the_person_is_not_worn(text: str, words: str) -> None:
    assert find_unworn(find_evidence(tokenize(text))) == words


@pytest.mark.parametrize(
    "text",
    [
        "A hat sits above her face.",
        "A mustache above the man's upper lip.",
        "He smiles beneath his hat.",
        "The photo presents a woman wearing a necklace.",
        "The woman gives a smile.",
        "Eyes with bags under them.",
    ],
)
def test_what_lies_next_to_a_part_of_the_face_may_be_worn(text: str) -> None:
    assert find_unworn(find_evidence(tokenize(text))) is None
