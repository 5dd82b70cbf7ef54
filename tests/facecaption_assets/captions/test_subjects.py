import pytest

from facecaption_assets.captions.subjects import Subject, subject_of


@pytest.mark.parametrize(
    ("male", "age", "noun", "pronoun", "possessive"),
    [
        (True, 40.0, "man", "he", "his"),
        (False, 40.0, "woman", "she", "her"),
        (None, 40.0, "person", "they", "their"),
        (True, 12.9, "boy", "he", "his"),
        (False, 3.0, "girl", "she", "her"),
        (None, 3.0, "child", "they", "their"),
        (False, None, "woman", "she", "her"),
        (False, 13.0, "woman", "she", "her"),
    ],
)
def test_noun_and_pronoun_follow_sex_and_age(
    male: bool | None, age: float | None, noun: str, pronoun: str, possessive: str
) -> None:
    subject = subject_of({"Male": male, "age_years": age})
    assert (subject.noun, subject.pronoun, subject.possessive) == (noun, pronoun, possessive)


def test_an_unspoken_sex_is_not_told() -> None:
    assert subject_of({"Male": True, "age_years": None}, unspoken=("Male",)) == Subject()
