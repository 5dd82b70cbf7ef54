import numpy as np
import pytest

from facecaption_assets.faces.detection import Detection
from facecaption_assets.faces.finding import DetectorFinder, Findings, in_whole_picture
from facecaption_assets.shards.images import Decoded
from tests.fakes import CentreDetector


def decoded(width: int, **more: int) -> Decoded:
    return Decoded(np.zeros((100, width, 3), np.uint8), width, 100, **more)


def test_a_detectors_pictures_without_a_face_are_dropped_as_such() -> None:
    found, nothing = DetectorFinder(CentreDetector()).find([{}, {}], [decoded(400), decoded(100)])
    assert [face.bbox_xyxy for face in found.faces] == [(100, 25, 300, 75)]
    assert nothing == Findings([], "no_face", None)


@pytest.mark.parametrize(("oversampling", "side"), [(1.0, 640), (2.5, 1600)])
def test_a_detector_needs_its_own_resolution_times_the_setting(oversampling, side) -> None:
    assert DetectorFinder(CentreDetector(), oversampling).least_side == side


def test_what_was_found_in_fewer_pixels_is_told_in_those_of_the_picture() -> None:
    points = ((1.0, 1.0), (2.0, 1.0), (1.5, 2.0), (1.0, 3.0), (2.0, 3.0))
    face = Detection((0.5, 1.0, 10.0, 20.0), 0.75, points)
    moved = in_whole_picture(face, decoded(400, factor=4, left=3, top=1))
    assert moved.bbox_xyxy == (-1, 3, 37, 79)
    assert moved.landmarks == ((1, 3), (5, 3), (3, 7), (1, 11), (5, 11))
    assert moved.score == 0.75
