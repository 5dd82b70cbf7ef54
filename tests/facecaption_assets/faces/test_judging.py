from dataclasses import replace

import pytest

from facecaption_assets.faces.detection import Detection
from facecaption_assets.faces.judging import reason_by_pixels, reason_by_position
from facecaption_assets.faces.pixel_evidence import PixelEvidence
from facecaption_assets.faces.position_evidence import PositionEvidence
from facecaption_assets.faces.settings import FaceSettings

SETTINGS = FaceSettings(
    min_score=0.5,
    min_side_px=40,
    min_visible_share=0.9,
    max_overlap=0.2,
    max_yaw_deg=60.0,
    min_brightness=0.1,
    max_bright_share=0.3,
    min_sharpness=50.0,
    min_colourfulness=4.0,
)
PLACED = PositionEvidence(
    side_px=40,
    image_share=0.1,
    roll_deg=0,
    yaw_deg=-60,
    max_overlap=0.2,
    touches_border=True,
    visible_share=0.9,
)
SEEN = PixelEvidence(
    sharpness=50,
    brightness=0.1,
    dark_share=0.5,
    bright_share=0.3,
    colourfulness=4,
    canny_edge_density=0.1,
)


@pytest.mark.parametrize(
    ("score", "changes", "reason"),
    [
        (0.5, {}, None),
        (0.49, {"side_px": 10}, "low_confidence"),
        (0.5, {"side_px": 39.9}, "too_small"),
        (0.5, {"visible_share": 0.89}, "cut_off"),
        (0.5, {"max_overlap": 0.21}, "overlapping"),
        (0.5, {"yaw_deg": 60.1}, "turned_away"),
        (0.5, {"yaw_deg": -60.1}, "turned_away"),
        (0.5, {"yaw_deg": None}, None),
    ],
)
def test_position_is_judged_by_inclusive_limits(score, changes, reason) -> None:
    face = Detection((0, 0, 50, 50), score)
    assert reason_by_position(face, replace(PLACED, **changes), SETTINGS) == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"brightness": 0.09}, "too_dark"),
        ({"bright_share": 0.31}, "overexposed"),
        ({"sharpness": 49.9}, "too_blurred"),
        ({"colourfulness": 3.9}, "greyscale"),
    ],
)
def test_pixels_are_judged_by_inclusive_limits(changes, reason) -> None:
    assert reason_by_pixels(replace(SEEN, **changes), SETTINGS) == reason


def test_by_default_only_score_and_size_drop_a_face() -> None:
    face = Detection((0, 0, 50, 50), 0.5)
    placed = replace(PLACED, side_px=128, visible_share=0.1, max_overlap=0.9, yaw_deg=90)
    seen = replace(SEEN, brightness=0, bright_share=1, sharpness=0, colourfulness=0)
    assert reason_by_position(face, placed, FaceSettings()) is None
    assert reason_by_pixels(seen, FaceSettings()) is None
