import numpy as np
import pytest

from facecaption_assets.faces.calibration import (
    LabelledFaces,
    OperatingPoint,
    at_threshold,
    judge,
    operating_points,
    propose,
)
from facecaption_assets.faces.detection import Box, Detection

FACE = (10.0, 10.0, 50.0, 60.0)
ELSEWHERE = (200.0, 200.0, 240.0, 250.0)


def detection(box: Box, score: float) -> Detection:
    return Detection(box, score)


def verdicts(detections, labels, min_iou=0.5):
    return [(v.score, v.is_face) for v in judge(detections, labels, min_iou)]


def iou(one: Box, other: Box) -> float:
    """By the definition, one pair at a time."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
    return width * height / (areas - width * height)


def counted_afresh(scenes, threshold: float, min_iou: float) -> tuple[int, int]:
    """(found, false) among the detections from the threshold up, by plain loops."""
    found = false = 0
    for detections, faces in scenes:
        free = list(faces)
        for candidate in sorted(detections, key=lambda d: -d.score):
            if candidate.score < threshold:
                continue
            best = max(free, key=lambda face: iou(candidate.bbox_xyxy, face), default=None)
            if best is not None and iou(candidate.bbox_xyxy, best) >= min_iou:
                free.remove(best)
                found += 1
            else:
                false += 1
    return found, false


def random_scene(rng: np.random.Generator):
    corners = rng.uniform(0, 300, (rng.integers(0, 6), 2))
    faces = [(x, y, x + 60, y + 80) for x, y in corners.tolist()]
    near = [tuple(v + rng.normal(0, 8) for v in face) for face in faces for _ in range(2)]
    stray = [(x, y, x + 50, y + 50) for x, y in rng.uniform(0, 300, (3, 2)).tolist()]
    # Scores of two decimals, so that some are equal.
    return [detection(box, round(rng.uniform(0.02, 1), 2)) for box in near + stray], faces


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("min_iou", [0.3, 0.5, 0.75])
def test_the_curve_is_what_counting_afresh_at_every_threshold_gives(seed, min_iou) -> None:
    rng = np.random.default_rng(seed)
    scenes = [random_scene(rng) for _ in range(12)]
    expected = sum(len(faces) for _, faces in scenes)
    judged = [v for d, faces in scenes for v in judge(d, LabelledFaces(tuple(faces)), min_iou)]
    points = operating_points(judged, expected)
    assert [p.threshold for p in points] == sorted({d.score for ds, _ in scenes for d in ds})
    for point in points:
        counts = counted_afresh(scenes, point.threshold, min_iou)
        assert (point.found, point.false) == counts
        assert at_threshold(points, point.threshold - 0.004, expected).found == counts[0]
    assert at_threshold(points, 1.01, expected) == OperatingPoint(1.01, 0, 0, expected)


def test_a_face_that_is_found_twice_is_false_the_second_time() -> None:
    twice = [detection(FACE, 0.6), detection((11, 10, 50, 60), 0.9)]
    assert verdicts(twice, LabelledFaces((FACE,))) == [(0.9, True), (0.6, False)]


def test_the_better_score_takes_the_face_that_it_overlaps_most() -> None:
    beside = (30.0, 10.0, 70.0, 60.0)
    between = detection((28, 10, 68, 60), 0.9)
    labels = LabelledFaces((FACE, beside))
    assert verdicts([between, detection(FACE, 0.5)], labels, 0.3) == [(0.9, True), (0.5, True)]


def test_the_least_overlap_is_inclusive() -> None:
    half = (10.0, 10.0, 50.0, 35.0)
    assert verdicts([detection(half, 0.9)], LabelledFaces((FACE,)), 0.5) == [(0.9, True)]
    assert verdicts([detection(half, 0.9)], LabelledFaces((FACE,)), 0.51) == [(0.9, False)]


def test_detections_in_an_ignored_region_do_not_count_but_faces_in_it_do() -> None:
    labels = LabelledFaces((FACE,), ignored=((0, 0, 100, 100),))
    found = [detection(FACE, 0.9), detection((60, 60, 90, 90), 0.8), detection(ELSEWHERE, 0.7)]
    assert verdicts(found, labels) == [(0.9, True), (0.7, False)]


@pytest.mark.parametrize("labels", [LabelledFaces(), LabelledFaces((FACE,))])
def test_a_picture_without_detections_has_no_verdicts(labels) -> None:
    assert judge([], labels, 0.5) == []


def test_in_a_picture_without_faces_every_detection_is_false() -> None:
    assert verdicts([detection(FACE, 0.4)], LabelledFaces()) == [(0.4, False)]


def test_shares_follow_from_the_counts() -> None:
    point = OperatingPoint(0.5, found=6, false=2, expected=8)
    assert (point.precision, point.recall) == (0.75, 0.75)
    assert point.f1 == pytest.approx(0.75)
    assert OperatingPoint(0.5, 0, 0, 8).precision == 1.0
    assert OperatingPoint(0.5, 0, 0, 8).f1 == 0.0


POINTS = [
    OperatingPoint(0.123456, 10, 5, 10),
    OperatingPoint(0.31234, 9, 1, 10),
    OperatingPoint(0.4321, 8, 1, 10),
    OperatingPoint(0.87654, 7, 0, 10),
]


def test_the_lowest_threshold_that_is_precise_enough_is_proposed_in_few_decimals() -> None:
    proposal = propose(POINTS, 0.9)
    assert proposal.reaches_precision
    assert proposal.point == OperatingPoint(0.31, 9, 1, 10)


def test_without_a_precise_threshold_the_best_f1_is_proposed() -> None:
    proposal = propose(POINTS[:3], 0.99)
    assert not proposal.reaches_precision
    assert proposal.point == OperatingPoint(0.31, 9, 1, 10)


def test_a_short_threshold_never_lets_the_next_lower_score_in() -> None:
    points = [OperatingPoint(0.6411, 9, 3, 10), OperatingPoint(0.64118, 9, 0, 10)]
    assert propose(points, 0.99).point.threshold == 0.64118


def test_a_threshold_that_keeps_nothing_is_not_called_precise() -> None:
    points = [OperatingPoint(0.2, 1, 3, 4), OperatingPoint(0.9, 0, 1, 4)]
    proposal = propose(points, 0.99)
    assert not proposal.reaches_precision
    assert proposal.point.threshold == 0.2


def test_nothing_labelled_or_nothing_detected_is_an_error() -> None:
    with pytest.raises(ValueError, match="no face is labelled"):
        operating_points([], 0)
    with pytest.raises(ValueError, match="found nothing"):
        propose(operating_points([], 3), 0.9)
