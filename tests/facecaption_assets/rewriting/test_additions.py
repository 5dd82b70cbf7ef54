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
        ("Grace the woman with earrings.", "unlicensed_word:grace"),
        ("A woman, mark, wears earrings.", "unlicensed_word:mark"),
        ("The woman, Emma, wears earrings.", "name:Emma"),
        ("An Asian woman wears earrings.", "ethnicity:asian"),
        ("A woman wears earrings with her head.", "unlicensed_word:head"),
        ("A woman with earrings and ears.", "unlicensed_word:ears"),
        ("A woman with earrings on her ears and a lamp.", "unlicensed_word:lamp"),
        ("A woman who might wear earrings.", "hedging:might"),
        ("A woman who isn't without earrings.", "negation:isn't"),
        ("A woman of 40 with earrings.", "age:40"),
        ("A middle-aged woman with earrings.", "age:middle"),
        ("A woman with earrings is distinguished.", "unlicensed_word:distinguished"),
        ("A woman with earrings whose face is lined.", "unlicensed_word:lined"),
        ("A woman whose face is covered with earrings.", "unlicensed_word:covered"),
        ("The woman is not only wearing earrings.", "negation:not"),
        ("A woman with earrings goes.", "unlicensed_word:goes"),
        ("A woman with earrings at the camera.", "unlicensed_word:camera"),
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
        "Earrings mark the woman's look.",
        "The woman shows off a pair of earrings.",
        "She's got earrings.",
    ],
)
def test_words_in_their_place_are_neutral(text: str) -> None:
    assert judge(text, ["Wearing_Earrings"]).reason is None


def test_a_smile_may_be_at_the_camera() -> None:
    assert judge("A woman smiles at the camera.", ["Smiling"]).accepted


def test_not_only_needs_its_but() -> None:
    both = ["Black_Hair", "Bangs"]
    assert judge("The woman has not only black hair but also bangs.", both).accepted


def test_a_blonde_with_something_else_may_smile() -> None:
    told = ["Blond_Hair", "Bangs", "Smiling"]
    assert judge("A blonde with bangs is smiling.", told).accepted
    assert judge("A blonde with bangs is with the woman, smiling.", told).reason == (
        "stray_mention:woman"
    )


def test_no_beard_negates_only_where_it_has_to_be_told() -> None:
    assert judge("The man has no beard.", ["Male", "No_Beard"]).accepted
    assert judge("The man has no beard.", ["Male"]).reason == "negation:no"
    shaven = ["Male", "No_Beard", "Eyeglasses"]
    assert judge("A man without a beard and with glasses.", shaven).accepted
    assert judge("A man without a beard and glasses.", shaven).reason == "negation:without"
    assert judge("The man isn't clean-shaven.", ["Male", "No_Beard"]).reason == "negation:isn't"
