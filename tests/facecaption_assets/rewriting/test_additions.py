import pytest

from facecaption_assets.rewriting.labelled_captions import judge


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A woman wears earrings with highlights.", "unlicensed_word:highlights"),
        ("A woman wears matching earrings.", "unlicensed_word:matching"),
        ("A woman with earrings sits in the picture.", "unlicensed_word:sits"),
        ("A woman carrying earrings.", "unlicensed_word:carrying"),
        ("A woman with marked earrings.", "unlicensed_word:marked"),
        ("Grace wears earrings. She is a woman.", "unlicensed_word:grace"),
        ("The woman, Emma, wears earrings.", "name:Emma"),
        ("An Asian woman wears earrings.", "ethnicity:asian"),
        ("A woman wears earrings with her head.", "unlicensed_word:head"),
        ("A woman with earrings and ears.", "unlicensed_word:ears"),
        ("A woman with earrings on her ears and a lamp.", "unlicensed_word:lamp"),
        ("A woman who might wear earrings.", "hedging:might"),
        ("A woman who isn't without earrings.", "negation:isn't"),
        ("A woman of 40 with earrings.", "age:40"),
        ("A middle-aged woman with earrings.", "age:middle"),
    ],
)
def test_what_is_left_over_is_named(text: str, reason: str) -> None:
    assert judge(text, ["Wearing_Earrings"]).reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "Earrings hang from her ears. She is a woman.",
        "The woman is pictured wearing earrings.",
        "Earrings frame the woman's face.",
        "The woman's look is rounded out by earrings.",
        "Marked by earrings, the woman's face is shown.",
        "The woman appears in this photo with earrings.",
    ],
)
def test_words_in_their_place_are_neutral(text: str) -> None:
    assert judge(text, ["Wearing_Earrings"]).reason is None


def test_no_beard_negates_only_where_it_has_to_be_told() -> None:
    assert judge("The man has no beard.", ["Male", "No_Beard"]).accepted
    assert judge("The man has no beard.", ["Male"]).reason == "negation:no"
    assert judge("The man isn't clean-shaven.", ["Male", "No_Beard"]).reason == "negation:isn't"
