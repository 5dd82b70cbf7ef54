import pytest

from facecaption_assets.rewriting.tokens import is_word, tokenize


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("A brown-haired man.", ["a", "brown", "haired", "man", "."]),
        ("The woman's five-o'clock", ["the", "woman", "'s", "five", "o'clock"]),
        ("Hair - it isn't", ["hair", "-", "it", "isn't"]),
        ("", []),
    ],
)
def test_hyphens_and_possessives_are_taken_apart(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


def test_marks_and_possessives_are_no_words() -> None:
    assert [token for token in tokenize("The man's 5, or so.") if is_word(token)] == [
        *("the", "man", "5", "or", "so")
    ]
