import pytest

from facecaption_assets.faces.cropping import crop_place
from facecaption_assets.faces.detection import Box, Detection
from facecaption_assets.faces.position_evidence import PositionEvidence, position_evidence
from facecaption_assets.faces.settings import FaceSettings


def evidence(*boxes: Box) -> list[PositionEvidence]:
    faces = [Detection(box, 0.9) for box in boxes]
    places = [crop_place(face, FaceSettings()) for face in faces]
    return position_evidence(faces, places, 640, 400)


def test_the_side_is_the_shorter_one_and_the_share_that_of_the_area() -> None:
    (found,) = evidence((100, 100, 160, 180))
    assert (found.side_px, found.image_share) == (60, 60 * 80 / (640 * 400))
    assert (found.roll_deg, found.yaw_deg, found.max_overlap) == (None, None, 0)


def test_overlap_is_the_largest_with_any_other_face() -> None:
    one, two, three = evidence((100, 100, 140, 140), (120, 100, 160, 140), (300, 300, 340, 340))
    assert one.max_overlap == two.max_overlap == pytest.approx(1 / 3)
    assert three.max_overlap == 0


@pytest.mark.parametrize(
    ("box", "touches"),
    [
        ((100, 100, 160, 180), False),
        ((2, 100, 60, 180), True),
        ((2.5, 100, 60, 180), False),
        ((100, 0, 160, 80), True),
        ((570, 100, 639, 180), True),
        ((100, 330, 160, 399), True),
    ],
)
def test_a_box_touches_the_border_within_two_px_of_what_a_detector_sees(box, touches) -> None:
    assert evidence(box)[0].touches_border is touches


def test_no_faces_have_no_evidence() -> None:
    assert evidence() == []
