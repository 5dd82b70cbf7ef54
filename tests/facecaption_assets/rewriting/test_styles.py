import pytest

from facecaption_assets.rewriting.styles import most_words, style_of


@pytest.mark.parametrize(
    ("style", "max_words", "most"),
    [("short", 60, 15), ("short", 10, 10), ("normal", 60, 60), ("detailed", 60, 90)],
)
def test_the_longest_caption_follows_the_style(style: str, max_words: int, most: int) -> None:
    assert most_words(style, max_words) == most


def test_styles_take_turns_over_the_captions_of_a_face() -> None:
    assert [style_of(i, ("short", "detailed")) for i in range(3)] == ["short", "detailed", "short"]
    assert style_of(7, ("normal",)) == "normal"
