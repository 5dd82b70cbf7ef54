from dataclasses import fields, replace

import pytest

from facecaption_assets.faces.settings import DETECTIONS, FaceSettings

SETTINGS = FaceSettings(align="roll")
OTHER = {
    "detector": "other",
    "image_size": 64,
    "precision": "float32",
    "batch_size": 99,
    "threads": 1,
    "min_score": 0.1,
    "retinaface_min_score": 0.1,
    "report_score": 0.1,
    "iou_threshold": 0.1,
    "min_side_px": 1,
    "margin": 9.0,
    "align": "none",
    "shape": "as_detected",
    "jpeg_quality": 1,
    "store_edge_maps": True,
    "min_visible_share": 0.5,
    "max_overlap": 0.5,
    "max_yaw_deg": 45.0,
    "min_brightness": 0.1,
    "max_bright_share": 0.1,
    "min_sharpness": 10.0,
    "min_colourfulness": 5.0,
    "oversampling": 2.0,
    "decoders": 1,
    "window": 1,
    "megapixels_in_flight": 1.0,
}
IDLE_ALWAYS = {"batch_size", "threads", "decoders", "window", "megapixels_in_flight"}


def test_the_origin_of_detections_is_one_of_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"detections is 'yolo'; allowed is detector, laion_face"):
        FaceSettings(detections="yolo")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"align": "upright"}, "align is 'upright'; allowed is similarity, roll, none"),
        ({"shape": "round"}, "shape is 'round'; allowed is square, as_detected"),
        (
            {"shape": "as_detected"},
            "shape is 'as_detected', but align = 'similarity' makes squares",
        ),
        ({"oversampling": 0.5}, "oversampling is 0.5; allowed is 1 or more"),
        ({"max_yaw_deg": 91.0}, "max_yaw_deg is 91.0; allowed is 0 to 90"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named_with_what_is_allowed(changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        FaceSettings(**changes)


@pytest.mark.parametrize(
    ("detections", "idle"),
    [
        ("detector", IDLE_ALWAYS | {"retinaface_min_score"}),
        (
            "laion_face",
            IDLE_ALWAYS
            | {"detector", "image_size", "precision", "min_score", "report_score", "iou_threshold"}
            | {"oversampling"},
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
