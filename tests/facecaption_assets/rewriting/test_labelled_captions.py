import pytest

from facecaption_assets.rewriting.labelled_captions import judge


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        (["Smiling"], "The woman is smiling."),
        (["Smiling"], "A smiling girl."),
        (["Smiling"], "The person is smiling. They are pictured here."),
        (["Smiling"], "The person is smiling. She is pictured here."),
        (["Smiling", "Blond_Hair"], "A smiling blonde."),
        (["Male", "Smiling"], "The person is smiling. He is pictured here."),
        (["Male", "Smiling"], "A smiling boy."),
        (["Male", "No_Beard"], "He has no beard."),
        (["No_Beard", "Smiling"], "A smiling woman."),
        (["Male", "Smiling"], '"The man\u2019s smile is shown."'),
    ],
)
def test_whoever_the_attributes_allow_may_be_spoken_of(attributes: list[str], text: str) -> None:
    assert judge(text, attributes).reason is None


@pytest.mark.parametrize(
    ("attributes", "text", "reason"),
    [
        (["Smiling"], "The man is smiling.", "wrong_subject:man"),
        (["Smiling"], "He is smiling today.", "wrong_pronoun:he"),
        (["Smiling"], "The woman smiles. Their face is shown.", "wrong_pronoun:their"),
        (["Male", "Smiling"], "The person is smiling.", "missing_subject:man"),
        (["Male", "Smiling"], "They are smiling.", "wrong_pronoun:they"),
        (["Smiling"], "A smiling child.", "wrong_subject:child"),
        (["Young", "Smiling"], "A smiling girl.", "missing_attribute:Young"),
        (["No_Beard", "Smiling"], "A smiling, clean-shaven girl.", "added_attribute:No_Beard"),
        (["Smiling"], "You are a smiling woman.", "unlicensed_word:you"),
    ],
)
def test_nobody_else_may(attributes: list[str], text: str, reason: str) -> None:
    assert judge(text, attributes).reason == reason


def test_a_very_long_text_is_refused_unread() -> None:
    assert judge("a" * 100_000, ["Smiling"]).reason == "too_long"
