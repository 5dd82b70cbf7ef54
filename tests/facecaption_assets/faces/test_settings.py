from dataclasses import fields, replace

import pytest

from facecaption_assets.faces.settings import DETECTIONS, FaceSettings

SETTINGS = FaceSettings()
OTHER = {
    "detector": "other",
    "image_size": 64,
    "precision": "float32",
    "batch_size": 99,
    "threads": 3,
    "min_score": 0.1,
    "retinaface_min_score": 0.1,
    "report_score": 0.1,
    "iou_threshold": 0.1,
    "min_side_px": 1,
    "margin": 9.0,
    "align": False,
    "jpeg_quality": 1,
}


def test_the_origin_of_detections_is_one_of_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"detections is 'yolo'; allowed is detector, laion_face"):
        FaceSettings(detections="yolo")


@pytest.mark.parametrize(
    ("detections", "idle"),
    [
        ("detector", {"batch_size", "threads", "retinaface_min_score"}),
        (
            "laion_face",
            {
                "batch_size",
                "threads",
                "detector",
                "image_size",
                "precision",
                "min_score",
                "report_score",
                "iou_threshold",
            },
        ),
    ],
)
def test_settings_without_effect_decide_nothing_and_all_others_do(detections, idle) -> None:
    assert {f.name for f in fields(FaceSettings)} == {"detections", *OTHER}
    settings = replace(SETTINGS, detections=detections)
    unchanged = {
        name
        for name, value in OTHER.items()
        if replace(settings, **{name: value}).decisive == settings.decisive
    }
    assert unchanged == idle


def test_the_limit_is_in_the_units_of_whoever_found_the_face() -> None:
    limits = [FaceSettings(detections=name, min_score=0.5).score_limit for name in DETECTIONS]
    assert limits == [0.5, 0.98]
