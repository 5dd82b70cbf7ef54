import numpy as np
import pytest

from facecaption_assets.attributes.face_colours import (
    FACE_COLOUR_ATTRIBUTES,
    face_colour_probabilities,
)
from facecaption_assets.attributes.face_masks import FacePart

LIPS = (FacePart.UPPER_LIP, FacePart.LOWER_LIP)
BARE, RED = (190, 130, 115), (170, 25, 45)
BEARD = (45, 38, 34)
Rgb = tuple[int, int, int]


def paint_lips(face, rgb: Rgb):
    face.pixels[np.isin(face.parts, LIPS)] = rgb
    return face


def grow_beard(face, rgb: Rgb):
    """From below the nose to the chin, leaving the lips."""
    region = np.zeros(face.parts.shape, bool)
    region[118:158, 66:134] = True
    face.pixels[region & (face.parts == FacePart.SKIN)] = rgb
    return face


def test_bare_skin_and_lips_assert_nothing(face) -> None:
    probabilities = face_colour_probabilities(paint_lips(face, BARE).mask())
    assert probabilities.keys() == {"Pale_Skin"}
    assert probabilities["Pale_Skin"] < 0.15


def test_red_lips_wear_lipstick(face) -> None:
    mask = paint_lips(face, RED).mask()
    assert face_colour_probabilities(mask)["Wearing_Lipstick"] > 0.85


def test_dark_dull_beard_denies_its_absence(face) -> None:
    mask = grow_beard(face, BEARD).mask()
    assert face_colour_probabilities(mask)["No_Beard"] < 0.15


def test_beard_taken_for_hair_by_the_mask_is_one(face) -> None:
    grow_beard(face, BEARD).paint(FacePart.HAIR, (140, 158), (80, 120))
    assert face_colour_probabilities(face.mask())["No_Beard"] < 0.15


def test_shadow_that_keeps_the_skin_s_colour_is_no_beard(face) -> None:
    assert "No_Beard" not in face_colour_probabilities(grow_beard(face, (120, 70, 45)).mask())


def test_without_landmarks_nothing_is_said_of_a_beard(face) -> None:
    grow_beard(face, BEARD).landmarks = None
    assert "No_Beard" not in face_colour_probabilities(face.mask())


@pytest.mark.parametrize("skin", [(250, 225, 212), (253, 238, 230), (240, 226, 214)])
def test_light_skin_is_not_called_pale(face, skin: Rgb) -> None:
    face.pixels[np.isin(face.parts, (FacePart.SKIN, FacePart.NOSE))] = skin
    assert face_colour_probabilities(face.mask()).get("Pale_Skin", 0.5) < 0.85


@pytest.mark.parametrize("skin", [(160, 160, 160), (150, 130, 220), (110, 190, 120)])
def test_unusual_light_gives_no_answer(face, skin: Rgb) -> None:
    face.pixels[np.isin(face.parts, (FacePart.SKIN, FacePart.NOSE))] = skin
    assert face_colour_probabilities(paint_lips(face, RED).mask()) == {}


def test_incoherent_mask_gives_no_answer(face) -> None:
    face.landmarks += 90
    assert face_colour_probabilities(face.mask()) == {}


def test_only_announced_attributes_are_spoken_of(face) -> None:
    paint_lips(grow_beard(face, BEARD), RED)
    assert face_colour_probabilities(face.mask()).keys() == set(FACE_COLOUR_ATTRIBUTES)
