"""Which faces are kept, and why the others are not.

In two steps, so that pixels are decoded and cut for those faces only that have passed the first.
"""

from facecaption_assets.faces.detection import Detection
from facecaption_assets.faces.pixel_evidence import PixelEvidence
from facecaption_assets.faces.position_evidence import PositionEvidence
from facecaption_assets.faces.settings import FaceSettings


def reason_by_position(
    face: Detection, evidence: PositionEvidence, settings: FaceSettings
) -> str | None:
    """Why a face is not kept, before anybody looks at its pixels; None if nothing speaks against.

    All limits are inclusive: a face exactly at them is kept. What cannot be told drops no face.
    """
    if face.score < settings.score_limit:
        return "low_confidence"
    if evidence.side_px < settings.min_side_px:
        return "too_small"
    if evidence.visible_share < settings.min_visible_share:
        return "cut_off"
    if evidence.max_overlap > settings.max_overlap:
        return "overlapping"
    if evidence.yaw_deg is not None and abs(evidence.yaw_deg) > settings.max_yaw_deg:
        return "turned_away"
    return None


def reason_by_pixels(evidence: PixelEvidence, settings: FaceSettings) -> str | None:
    """Why a face that has passed by its position is not kept; limits as before."""
    if evidence.brightness < settings.min_brightness:
        return "too_dark"
    if evidence.bright_share > settings.max_bright_share:
        return "overexposed"
    if evidence.sharpness < settings.min_sharpness:
        return "too_blurred"
    if evidence.colourfulness < settings.min_colourfulness:
        return "greyscale"
    return None
