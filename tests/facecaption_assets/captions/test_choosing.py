import random

import pytest

from facecaption_assets.captions.choosing import choose_attributes, speakable_attributes
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.captions.subjects import subject_of
from facecaption_assets.schema import ATTRIBUTE_COLUMNS


def speakable(*positive: str, male: bool | None, age: float | None = None) -> set[str]:
    face: dict[str, object] = {name: name in positive for name in ATTRIBUTE_COLUMNS}
    face |= {"Male": male, "age_years": age}
    return set(speakable_attributes(face, subject_of(face), CaptionSettings()))


def test_a_man_without_a_beard_is_clean_shaven() -> None:
    assert speakable("No_Beard", male=True) == {"Male", "No_Beard"}


@pytest.mark.parametrize(("male", "age"), [(False, 30.0), (None, 30.0), (True, 9.0), (None, 9.0)])
def test_no_beard_is_never_told_of_anyone_else(male: bool | None, age: float) -> None:
    assert "No_Beard" not in speakable("No_Beard", male=male, age=age)


def test_no_beard_is_not_told_beside_a_mustache() -> None:
    assert speakable("No_Beard", "Mustache", male=True) == {"Male", "Mustache"}


@pytest.mark.parametrize(("male", "age"), [(False, None), (True, 8.0)])
def test_beards_are_not_told_of_women_and_children(male: bool, age: float | None) -> None:
    assert speakable("Goatee", "Smiling", male=male, age=age) - {"Male"} == {"Smiling"}


def test_unspoken_negative_and_unknown_attributes_are_not_told() -> None:
    face: dict[str, object] = dict.fromkeys(ATTRIBUTE_COLUMNS, False)
    face |= {"Attractive": True, "Smiling": True, "Bangs": None}
    assert speakable_attributes(face, subject_of(face), CaptionSettings()) == ("Smiling",)


def test_the_noun_counts_and_the_rest_is_drawn() -> None:
    names = ("Bald", "Eyeglasses", "Male", "Smiling", "Young")
    settings = CaptionSettings(max_attributes=3)
    drawn = {choose_attributes(names, settings, random.Random(seed)) for seed in range(60)}
    assert len(drawn) == 6
    assert all("Male" in chosen and len(chosen) == 3 for chosen in drawn)
    assert all(sorted(chosen) == list(chosen) for chosen in drawn)


def test_what_is_chosen_always_describes_the_face() -> None:
    settings = CaptionSettings(max_attributes=2)
    for seed in range(60):
        chosen = choose_attributes(("Male", "Smiling", "Young"), settings, random.Random(seed))
        assert chosen == ("Male", "Smiling")


def test_a_sample_has_from_two_attributes_up_to_the_most() -> None:
    names = ("Bald", "Eyeglasses", "Smiling", "Wearing_Hat", "Young")
    settings = CaptionSettings(attributes="sampled", max_attributes=4)
    drawn = {len(choose_attributes(names, settings, random.Random(seed))) for seed in range(99)}
    assert drawn == {2, 3, 4}


def test_all_are_chosen_where_nothing_limits_them() -> None:
    settings = CaptionSettings(max_attributes=40)
    assert choose_attributes(("Bald", "Smiling"), settings, random.Random(0)) == ("Bald", "Smiling")
