import numpy as np
import pytest

from facecaption_assets.attributes.face_masks import FacePart
from facecaption_assets.attributes.mask_attributes import MASK_ATTRIBUTES, mask_probabilities


def test_plain_face_with_hair_wears_nothing_and_is_not_bald(haired) -> None:
    probabilities = mask_probabilities(haired.mask())
    assert probabilities.keys() == set(MASK_ATTRIBUTES) - {
        "Mouth_Slightly_Open",
        "Wearing_Earrings",
    }
    assert all(p < 0.15 for p in probabilities.values())


def test_no_probability_is_certain(haired) -> None:
    haired.paint(FacePart.GLASSES, (80, 100), (65, 135))
    assert all(0 < p < 1 for p in mask_probabilities(haired.mask()).values())


def test_only_announced_attributes_are_spoken_of(haired) -> None:
    haired.paint(FacePart.EARRING, (100, 115), (60, 66))
    haired.paint(FacePart.MOUTH, (128, 134), (84, 116))
    assert mask_probabilities(haired.mask()).keys() == set(MASK_ATTRIBUTES)


def test_incoherent_mask_says_nothing(haired) -> None:
    haired.parts[haired.parts == FacePart.NOSE] = FacePart.HAT
    assert mask_probabilities(haired.mask()) == {}


def test_glasses_over_the_eyes_are_eyeglasses(haired) -> None:
    haired.paint(FacePart.GLASSES, (80, 100), (65, 135))
    assert mask_probabilities(haired.mask())["Eyeglasses"] > 0.85


def test_mouth_whose_inside_is_seen_is_open(haired) -> None:
    haired.paint(FacePart.MOUTH, (128, 134), (84, 116))
    assert mask_probabilities(haired.mask())["Mouth_Slightly_Open"] > 0.85


def test_speck_between_the_lips_says_nothing_of_the_mouth(haired) -> None:
    haired.paint(FacePart.MOUTH, (129, 131), (90, 110))
    assert "Mouth_Slightly_Open" not in mask_probabilities(haired.mask())


def test_hat_is_worn_and_hides_baldness_and_bangs(face) -> None:
    face.paint(FacePart.HAT, (5, 60), (45, 155))
    probabilities = mask_probabilities(face.mask())
    assert probabilities["Wearing_Hat"] > 0.85
    assert "Bald" not in probabilities
    assert "Bangs" not in probabilities


def test_hat_coloured_patch_above_much_hair_is_no_hat(haired) -> None:
    haired.paint(FacePart.HAT, (0, 15), (50, 150))
    assert mask_probabilities(haired.mask())["Wearing_Hat"] < 0.15


@pytest.mark.parametrize(("size", "spoken"), [(4, False), (16, True)])
def test_speck_is_no_earring_and_its_absence_says_nothing(haired, size: int, spoken: bool) -> None:
    haired.paint(FacePart.EARRING, (100, 100 + size), (56, 60))
    assert ("Wearing_Earrings" in mask_probabilities(haired.mask())) is spoken


def test_visible_skull_without_hair_is_bald(face) -> None:
    assert mask_probabilities(face.mask())["Bald"] > 0.85


def test_skull_cut_off_by_the_picture_may_have_hair_above(face) -> None:
    face.paint(FacePart.SKIN, (0, 30), (60, 140))
    assert "Bald" not in mask_probabilities(face.mask())


def test_forehead_of_ordinary_height_without_hair_in_the_mask_is_not_called_bald(face) -> None:
    face.paint(FacePart.BACKGROUND, (0, 55), (0, 200))
    assert "Bald" not in mask_probabilities(face.mask())


def test_hair_down_to_the_brows_is_bangs(haired) -> None:
    haired.paint(FacePart.HAIR, (55, 75), (60, 140))
    assert mask_probabilities(haired.mask())["Bangs"] > 0.85


def test_without_landmarks_nothing_is_said_of_forehead_and_skull(haired) -> None:
    haired.landmarks = None
    assert mask_probabilities(haired.mask()).keys() == {"Eyeglasses", "Wearing_Hat"}


def test_glasses_without_landmarks_are_told_by_their_size(haired) -> None:
    haired.landmarks = None
    haired.paint(FacePart.GLASSES, (75, 105), (62, 138))
    assert mask_probabilities(haired.mask())["Eyeglasses"] > 0.85


def test_something_around_one_eye_only_is_neither_glasses_nor_none(haired) -> None:
    haired.paint(FacePart.GLASSES, (78, 102), (60, 90))
    assert "Eyeglasses" not in mask_probabilities(haired.mask())


def test_brim_above_the_eyes_is_not_called_glasses(haired) -> None:
    haired.paint(FacePart.GLASSES, (55, 74), (62, 138))
    assert "Eyeglasses" not in mask_probabilities(haired.mask())


def test_hidden_eyes_may_be_behind_glasses(haired) -> None:
    haired.parts[np.isin(haired.parts, (FacePart.LEFT_EYE, FacePart.RIGHT_EYE))] = FacePart.SKIN
    assert "Eyeglasses" not in mask_probabilities(haired.mask())


def test_fringe_around_a_bare_skull_is_neither_bald_nor_haired(face) -> None:
    face.paint(FacePart.HAIR, (55, 100), (40, 60))
    face.paint(FacePart.HAIR, (55, 100), (140, 160))
    assert "Bald" not in mask_probabilities(face.mask())


def test_high_hairline_is_not_called_receding_and_a_low_one_denies_it(haired) -> None:
    haired.paint(FacePart.HAIR, (15, 58), (55, 145))
    assert mask_probabilities(haired.mask())["Receding_Hairline"] < 0.5
    haired.paint(FacePart.SKIN, (25, 58), (60, 140))
    assert "Receding_Hairline" not in mask_probabilities(haired.mask())
