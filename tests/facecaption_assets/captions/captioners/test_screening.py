import pytest

from facecaption_assets.captions.captioners.screening import clean, why_refused


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  a woman\n", "a woman"),
        ("a woman\nin a\that\r\n", "a woman in a hat"),
        ("a \u202ewoman\u200b in\x00 a hat", "a woman in a hat"),
        ("a woman , smiling .", "a woman, smiling."),
        ('"a woman"', "a woman"),
        ("a woman\u2028with a hat", "a woman with a hat"),
        ("\n", ""),
    ],
)
def test_a_text_becomes_one_line_without_control_characters(text: str, line: str) -> None:
    assert clean(text) == line


@pytest.mark.parametrize(
    "text",
    [
        "a woman with long brown hair and a red scarf",
        "a black and white photo of a man with glasses",
        "A smiling man. He wears a hat.",
        "an old man's face with a grey beard",
        "close up portrait of a young woman looking at the camera",
        "a woman with blue eyes and blonde hair wearing a white shirt",
    ],
)
def test_what_describes_a_face_is_kept(text: str) -> None:
    assert why_refused(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("...", "empty"),
        ("a woman", "too_short"),
        ("word " * 61, "too_long"),
        ("arafed woman with a red scarf", "artefact"),
        ("a woman <b>in a hat</b>", "markup"),
        ("a woman @ home", "markup"),
        ("woman/man/person", "too_short"),
        ("a woman on www.example.com today", "contact_or_link"),
        ("a photo by @somebody of a woman", "contact_or_link"),
        ("a selfie of a woman on instagram", "contact_or_link"),
        ("a 25 year old woman in a hat", "number_or_age"),
        ("a woman of thirty years old", "number_or_age"),
        ("a young asian woman with a hat", "ethnicity"),
        ("a black man with a beard", "ethnicity"),
        ("actor tom somebody at the premiere", "identity"),
        ("a woman named mary smiles gently", "identity"),
        ("a photo of Mary in a hat", "capital_inside"),
        ("Tom Somebody in a suit", "capital_inside"),
        ("a woman woman in a hat", "repetition"),
        ("in the hat in the hat she smiles", "repetition"),
    ],
)
def test_what_no_picture_shows_is_refused_with_its_reason(text: str, reason: str) -> None:
    assert why_refused(text) == reason
