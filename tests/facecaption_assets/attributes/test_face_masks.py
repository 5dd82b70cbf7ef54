import numpy as np
import pytest

from facecaption_assets.attributes.face_masks import FaceMask, FacePart


def test_share_is_relative_to_the_face_and_not_to_the_picture(face) -> None:
    before = face.mask().counts[FacePart.SKIN]
    face.paint(FacePart.HAT, (0, 26), (50, 150))
    mask = face.mask()
    assert mask.counts[FacePart.SKIN] == before
    assert mask.share(FacePart.HAT) == pytest.approx(2600 / mask.face.sum())


def test_share_of_an_empty_mask_is_finite() -> None:
    mask = FaceMask(np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9), np.uint8), None)
    assert mask.share(FacePart.HAIR) == 0.0
    assert not mask.is_coherent


def test_drawn_face_is_coherent_with_and_without_landmarks(face) -> None:
    assert face.mask().is_coherent
    face.landmarks = None
    assert face.mask().is_coherent


@pytest.mark.parametrize("part", [FacePart.NOSE, FacePart.UPPER_LIP])
def test_face_without_nose_or_lips_is_not_coherent(face, part: FacePart) -> None:
    lips = (FacePart.UPPER_LIP, FacePart.LOWER_LIP)
    gone = lips if part in lips else (part,)
    face.parts[np.isin(face.parts, gone)] = FacePart.SKIN
    assert not face.mask().is_coherent


def test_face_elsewhere_than_its_landmarks_is_not_coherent(face) -> None:
    face.landmarks += (0, 90)
    assert not face.mask().is_coherent


def test_landmarks_outside_of_the_picture_do_not_fail(face) -> None:
    face.landmarks[:2] = [[-50.0, -50.0], [900.0, 900.0]]
    assert not face.mask().is_coherent


def test_head_has_its_origin_between_the_eyes_and_the_mouth_one_below(face) -> None:
    head = face.mask().head
    assert head is not None
    assert head.up[90, 100] == pytest.approx(0.0)
    assert head.up[130, 100] == pytest.approx(-1.0)
    assert head.across[90, 120] == pytest.approx(0.5)
    assert head.half_width == pytest.approx(0.5)


def test_head_turns_with_the_landmarks(face) -> None:
    face.landmarks = np.array([[110.0, 80], [110, 120], [90, 100], [70, 85], [70, 115]])
    head = face.mask().head
    assert head is not None
    assert head.up[100, 70] == pytest.approx(-1.0)
    assert head.across[120, 110] == pytest.approx(0.5)


def test_head_of_a_turned_face_keeps_a_frontal_width(face) -> None:
    face.landmarks[:2, 0] = 100
    head = face.mask().head
    assert head is not None
    assert head.half_width == pytest.approx(0.3)


def test_collapsed_landmarks_give_no_head(face) -> None:
    face.landmarks[:] = 100
    assert face.mask().head is None
