"""A detector's boxes beside labelled ones → precision and recall by threshold, and a proposal.

Numbers only. Where labels and detections come from belongs to ``labelled_pictures``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facecaption_assets.faces.detection import Box, Detection

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LabelledFaces:
    """What a person found in a picture; boxes in its pixels.

    Attributes:
        faces: Every face that a detector should find.
        ignored: Regions in which detections are neither right nor wrong, such as a crowd in the
            background.
    """

    faces: tuple[Box, ...] = ()
    ignored: tuple[Box, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """A detection that counts: its score, and whether it is a labelled face."""

    score: float
    is_face: bool


@dataclass(frozen=True)
class OperatingPoint:
    """What is found when detections with at least ``threshold`` are kept.

    Attributes:
        threshold: Lowest score that is kept.
        found: Labelled faces that were found.
        false: Detections that are no labelled face, or one that was found before.
        expected: Labelled faces.
    """

    threshold: float
    found: int
    false: int
    expected: int

    @property
    def precision(self) -> float:
        """Share of the kept detections that are faces; 1 where nothing is kept."""
        kept = self.found + self.false
        return self.found / kept if kept else 1.0

    @property
    def recall(self) -> float:
        """Share of the labelled faces that are found."""
        return self.found / self.expected

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.found / (self.found + self.false + self.expected)


@dataclass(frozen=True)
class Proposal:
    """A threshold to use; ``reaches_precision`` tells whether it is as precise as was asked."""

    point: OperatingPoint
    reaches_precision: bool


def judge(detections: Sequence[Detection], labels: LabelledFaces, min_iou: float) -> list[Verdict]:
    """Compare the detections of one picture with its labels.

    From the best score down, each detection takes the face that it overlaps most among those not
    taken yet. One that is left without, and lies in an ignored region with at least ``min_iou``
    of its own area, does not count; any other one is false. What lies above a threshold is judged
    alike whether or not there is something below it, so one pass serves all thresholds.

    Args:
        detections: In any order.
        labels: What is there.
        min_iou: Intersection over union from which two boxes are the same face, (0, 1].

    Returns:
        Verdicts on the detections that count, best score first.

    Source: T.-Y. Lin et al., Microsoft COCO, 2014: its evaluation, with regions as its "crowds".
    """
    ranked = sorted(detections, key=lambda d: (-d.score, d.bbox_xyxy))
    boxes = _as_array([d.bbox_xyxy for d in ranked])
    overlap, _ = _overlaps(boxes, _as_array(labels.faces))
    _, inside = _overlaps(boxes, _as_array(labels.ignored))
    verdicts = []
    for number, detection in enumerate(ranked):
        best = int(overlap[number].argmax()) if labels.faces else 0
        if labels.faces and overlap[number, best] >= min_iou:
            overlap[:, best] = 0.0
            verdicts.append(Verdict(detection.score, True))
        elif not (inside[number] >= min_iou).any():
            verdicts.append(Verdict(detection.score, False))
    return verdicts


def operating_points(verdicts: Sequence[Verdict], expected: int) -> list[OperatingPoint]:
    """Every outcome that a threshold can have, by ascending threshold: one for each score.

    Raises:
        ValueError: If no face is expected; recall has no meaning then.
    """
    if expected < 1:
        raise ValueError("no face is labelled; without one there is no recall to measure")
    ranked = sorted(verdicts, key=lambda v: v.score)
    scores = np.array([v.score for v in ranked])
    is_face = np.array([v.is_face for v in ranked], bool)
    thresholds, first = np.unique(scores, return_index=True)
    # What is kept at a threshold is everything from the first such score to the end.
    found, false = (np.cumsum(kind[::-1])[::-1][first] for kind in (is_face, ~is_face))
    return [
        OperatingPoint(float(t), int(right), int(wrong), expected)
        for t, right, wrong in zip(thresholds, found, false, strict=True)
    ]


def at_threshold(
    points: Sequence[OperatingPoint], threshold: float, expected: int
) -> OperatingPoint:
    """The outcome of any threshold, given those of all scores."""
    for point in points:
        if point.threshold >= threshold:
            return OperatingPoint(threshold, point.found, point.false, expected)
    return OperatingPoint(threshold, 0, 0, expected)


def propose(points: Sequence[OperatingPoint], precision: float) -> Proposal:
    """The lowest threshold that is precise enough, and so finds most; else the one of best F1.

    The threshold is given with as few decimals as have the same outcome.

    Args:
        points: From ``operating_points``.
        precision: Wanted precision, [0, 1].

    Raises:
        ValueError: If there are no points, since nothing was detected.
    """
    if not points:
        raise ValueError("the detector found nothing; no threshold can be proposed")
    precise = [p for p in points if p.precision >= precision and p.found]
    chosen = precise[0] if precise else max(points, key=lambda p: p.f1)
    below = max((p.threshold for p in points if p.threshold < chosen.threshold), default=0.0)
    short = _shortest_between(below, chosen.threshold)
    return Proposal(at_threshold(points, short, chosen.expected), bool(precise))


def _shortest_between(low: float, high: float) -> float:
    """The number with the fewest decimals, at least two, above ``low`` and up to ``high``."""
    for decimals in range(2, 8):
        scale = 10.0**decimals
        short = math.floor(high * scale) / scale
        if low < short <= high:
            return short
    return high


def _as_array(boxes: Sequence[Box]) -> _Floats:
    return np.array(boxes, np.float64).reshape(-1, 4)


def _overlaps(boxes: _Floats, others: _Floats) -> tuple[_Floats, _Floats]:
    """Intersections (N, M): as shares of the union, and of the area of ``boxes``."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=2)
    own, other = (np.prod(b[:, 2:] - b[:, :2], axis=1) for b in (boxes, others))
    return shared / (own[:, None] + other[None, :] - shared), shared / own[:, None]
