import numpy as np
import pytest

from facecaption_assets.attributes.face_masks import FacePart
from facecaption_assets.attributes.hair_colour import (
    HairTone,
    classify_hair_tone,
    hair_colour_probabilities,
    measure_hair_tone,
)
from facecaption_assets.attributes.vocabulary import HAIR_COLOURS

Rgb = tuple[int, int, int]


def dye(drawing, hair: Rgb, skin: Rgb = (205, 160, 135)) -> None:
    drawing.pixels[drawing.parts == FacePart.HAIR] = hair
    drawing.pixels[np.isin(drawing.parts, (FacePart.SKIN, FacePart.NOSE))] = skin


# Tones as measured on photos whose hair colour is plain to see.
@pytest.mark.parametrize(
    ("tone", "colour"),
    [
        (HairTone(lightness=3, warmth=0.00, redness=-1, chroma=1), "Black_Hair"),
        (HairTone(lightness=17, warmth=-0.04, redness=0, chroma=1), "Black_Hair"),
        (HairTone(lightness=10, warmth=0.44, redness=3, chroma=9), "Brown_Hair"),
        (HairTone(lightness=32, warmth=0.64, redness=6, chroma=22), "Brown_Hair"),
        (HairTone(lightness=70, warmth=0.78, redness=8, chroma=20), "Blond_Hair"),
        (HairTone(lightness=56, warmth=0.91, redness=7, chroma=25), "Blond_Hair"),
        (HairTone(lightness=73, warmth=0.11, redness=1, chroma=3), "Gray_Hair"),
        (HairTone(lightness=62, warmth=0.15, redness=2, chroma=4), "Gray_Hair"),
    ],
)
def test_plain_hair_has_exactly_its_colour(tone: HairTone, colour: str) -> None:
    probabilities = classify_hair_tone(tone)
    assert probabilities.keys() == set(HAIR_COLOURS)
    assert [name for name, p in probabilities.items() if p > 0.85] == [colour]


@pytest.mark.parametrize(
    "tone",
    [
        HairTone(lightness=15, warmth=0.32, redness=4, chroma=8),
        HairTone(lightness=36, warmth=0.10, redness=1, chroma=3),
        HairTone(lightness=47, warmth=0.90, redness=8, chroma=24),
        HairTone(lightness=38, warmth=1.20, redness=17, chroma=47),
        HairTone(lightness=27, warmth=3.70, redness=37, chroma=41),
    ],
    ids=["black or brown", "black or grey", "brown or blond", "red", "dyed"],
)
def test_hair_between_colours_has_none(tone: HairTone) -> None:
    assert all(p < 0.85 for p in classify_hair_tone(tone).values())


@pytest.mark.parametrize(
    ("lightness", "redness"), [(48, 6), (45, 8), (42, 9)], ids=["golden", "honey", "dark blond"]
)
def test_warm_hair_between_brown_and_light_blond_is_not_denied_blond(
    lightness: float, redness: float
) -> None:
    tone = HairTone(lightness, warmth=0.8, redness=redness, chroma=24)
    assert classify_hair_tone(tone)["Blond_Hair"] > 0.3


def test_greying_hair_too_light_for_black_is_not_denied_grey() -> None:
    tone = HairTone(lightness=40, warmth=0.1, redness=1, chroma=3)
    assert 0.15 < classify_hair_tone(tone)["Gray_Hair"] < 0.85


@pytest.mark.parametrize("lightness", [16, 27, 44])
def test_reddish_hair_is_called_neither_brown_nor_blond_nor_denied_it(lightness: float) -> None:
    tone = HairTone(lightness, warmth=1.0, redness=18, chroma=32)
    probabilities = classify_hair_tone(tone)
    assert probabilities.keys() == {"Black_Hair", "Gray_Hair"}
    assert all(p < 0.15 for p in probabilities.values())


@pytest.mark.parametrize(
    ("hair", "colour"),
    [
        ((22, 22, 23), "Black_Hair"),
        ((92, 66, 48), "Brown_Hair"),
        ((205, 178, 132), "Blond_Hair"),
        ((165, 165, 166), "Gray_Hair"),
    ],
)
def test_colour_is_read_from_the_pixels(haired, hair: Rgb, colour: str) -> None:
    dye(haired, hair)
    probabilities = hair_colour_probabilities(haired.mask())
    assert max(probabilities, key=probabilities.__getitem__) == colour
    assert probabilities[colour] > 0.85


def test_same_hair_under_dimmer_light_keeps_its_colour(haired) -> None:
    dye(haired, (74, 53, 38), (164, 128, 108))
    assert hair_colour_probabilities(haired.mask())["Brown_Hair"] > 0.85


@pytest.mark.parametrize(
    "skin",
    [(160, 160, 160), (150, 130, 220), (110, 190, 120), (252, 250, 249), (40, 25, 18)],
    ids=["black and white", "violet light", "green light", "overexposed", "dark"],
)
def test_unusual_light_gives_no_answer(haired, skin: Rgb) -> None:
    dye(haired, (22, 22, 23), skin)
    assert hair_colour_probabilities(haired.mask()) == {}


def test_hair_that_reflects_the_sky_gives_no_answer(haired) -> None:
    dye(haired, (85, 95, 115))
    assert hair_colour_probabilities(haired.mask()) == {}


def test_shaved_head_gives_no_answer(face) -> None:
    assert hair_colour_probabilities(face.mask()) == {}


def test_incoherent_mask_gives_no_answer(haired) -> None:
    dye(haired, (22, 22, 23))
    haired.landmarks += 90
    assert hair_colour_probabilities(haired.mask()) == {}


def test_lightness_is_the_median_and_ignores_a_highlight(haired) -> None:
    dye(haired, (22, 22, 23))
    plain = measure_hair_tone(haired.mask())
    haired.pixels[20:23, 60:140] = 255
    shiny = measure_hair_tone(haired.mask())
    assert plain is not None and shiny is not None
    assert shiny.lightness == pytest.approx(plain.lightness, abs=0.5)


def test_scalp_shining_through_short_hair_makes_it_brown_to_nobody(face) -> None:
    face.paint(FacePart.HAIR, (20, 34), (55, 145))
    dye(face, (92, 66, 48))
    assert hair_colour_probabilities(face.mask()) == {}


def test_short_black_hair_is_black(face) -> None:
    face.paint(FacePart.HAIR, (20, 34), (55, 145))
    dye(face, (22, 22, 23))
    assert hair_colour_probabilities(face.mask())["Black_Hair"] > 0.85
