import numpy as np

from facecaption_assets.faces.finding import DetectorFinder, Findings
from tests.fakes import CentreDetector


def test_a_detectors_pictures_without_a_face_are_dropped_as_such() -> None:
    images = [np.zeros((100, width, 3), np.uint8) for width in (400, 100)]
    found, nothing = DetectorFinder(CentreDetector()).find([{}, {}], images)
    assert [face.bbox_xyxy for face in found.faces] == [(100, 25, 300, 75)]
    assert nothing == Findings([], "no_face", None)
