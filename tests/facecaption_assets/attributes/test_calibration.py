import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facecaption_assets.attributes.calibration import (
    Calibration,
    CalibrationError,
    Curve,
    calibration_of,
    evidence_identity,
    read_calibration,
)
from facecaption_assets.attributes.labelling import stage_identity
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.models import ModelStore

SETTINGS = AttributeSettings()
STEPS = Curve(50, 20, raw=(0.2, 0.4, 0.8), calibrated=(0.1, 0.1, 0.7))


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


@pytest.fixture
def saved(tmp_path: Path, store: ModelStore) -> AttributeSettings:
    """Settings with a calibration of their own annotators."""
    path = tmp_path / "calibration.json"
    curves = {"Smiling": STEPS, "Male": Curve(90, 30, scale=0.5, shift=-1.0)}
    path.write_text(Calibration("isotonic", evidence_identity(SETTINGS, store), curves).to_json())
    return replace(SETTINGS, calibration=str(path))


@pytest.mark.parametrize(
    ("raw", "calibrated"), [(0.0, 0.1), (0.2, 0.1), (0.3, 0.1), (0.6, 0.4), (0.8, 0.7), (1.0, 0.7)]
)
def test_straight_lines_join_the_corners_and_go_on_level(raw: float, calibrated: float) -> None:
    assert STEPS(raw) == pytest.approx(calibrated)


def test_sigmoid_scales_and_shifts_the_log_odds() -> None:
    assert Curve(9, 3, scale=1.0)(0.3) == pytest.approx(0.3)
    assert Curve(9, 3, scale=2.0)(0.8) == pytest.approx(16 / 17)
    assert Curve(9, 3, scale=1.0, shift=np.log(4))(0.5) == pytest.approx(0.8)
    assert Curve(9, 3, scale=0.0)(0.99) == 0.5


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 50), st.floats(-50, 50))
def test_a_curve_never_falls_and_stays_a_probability(p, q, scale, shift) -> None:
    curve = Curve(9, 3, scale=scale, shift=shift)
    low, high = sorted((p, q))
    assert 0 <= curve(low) <= curve(high) <= 1


def test_attributes_without_a_curve_keep_their_probability() -> None:
    calibration = Calibration("isotonic", "", {"Smiling": STEPS})
    assert calibration.apply({"Smiling": 0.8, "Male": 0.3}) == {"Smiling": 0.7, "Male": 0.3}


def test_without_the_setting_nothing_is_calibrated() -> None:
    assert read_calibration(SETTINGS) == Calibration()


def test_a_calibration_is_read_as_it_was_written(saved, store) -> None:
    calibration = calibration_of(saved, store)
    assert calibration.curves["Smiling"] == STEPS
    assert calibration.to_json() == Path(saved.calibration).read_text()


def test_a_calibration_of_other_annotators_or_weights_is_refused(saved, store, tmp_path) -> None:
    with pytest.raises(CalibrationError, match="was fitted to other annotators or other weights"):
        calibration_of(replace(saved, annotators=("blendshapes",)), store)
    with pytest.raises(CalibrationError, match=r"calibration\.json, which was fitted to other"):
        calibration_of(saved, ModelStore(tmp_path, entries={}))


def test_thresholds_do_not_belong_to_a_calibration(saved, store) -> None:
    calibration_of(replace(saved, positive_threshold=0.6, min_positive=2), store)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "cannot be read"),
        ("[]", "is no calibration"),
        ('{"format": 2}', "its format is 2, not 1"),
        ('{"format": 1}', "is no calibration: 'curves'"),
        (
            '{"format": 1, "method": "platt", "annotators": "x", "curves": {"Beard": {}}}',
            "it names ['Beard'], which are no attributes",
        ),
        (
            '{"format": 1, "method": "platt", "annotators": "x", "curves": {"Male": {"num": 1}}}',
            "is no calibration",
        ),
    ],
)
def test_what_is_no_calibration_is_refused(tmp_path, text: str, message: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(text)
    with pytest.raises(CalibrationError, match=r"AttributeSettings\.calibration names") as caught:
        read_calibration(AttributeSettings(calibration=str(path)))
    assert message in str(caught.value)


def test_missing_file_is_refused_by_name(tmp_path) -> None:
    with pytest.raises(CalibrationError, match=r"absent\.json, which cannot be read"):
        read_calibration(AttributeSettings(calibration=str(tmp_path / "absent.json")))


@pytest.mark.parametrize(
    "wrong",
    [
        {"scale": -1.0},
        {},
        {"raw": (0.1, 0.2), "calibrated": (0.1,)},
        {"raw": (0.1, 1.2), "calibrated": (0.1, 0.2)},
        {"raw": (0.1, 0.2), "calibrated": (0.3, 0.2)},
        {"raw": (0.2, 0.1), "calibrated": (0.1, 0.2)},
    ],
)
def test_a_curve_that_falls_or_leaves_the_probabilities_is_refused(wrong) -> None:
    with pytest.raises(ValueError, match=r"scale is|raw and calibrated"):
        Curve(9, 3, **wrong)


def test_code_version_follows_the_calibrations_content_not_its_place(
    saved, store, tmp_path
) -> None:
    version = stage_identity(saved, store)
    assert version != stage_identity(SETTINGS, store)
    text = Path(saved.calibration).read_text()
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(text)
    assert stage_identity(replace(saved, calibration=str(elsewhere)), store) == version
    content = json.loads(text)
    content["curves"]["Male"]["shift"] = -1.5
    elsewhere.write_text(json.dumps(content))
    assert stage_identity(replace(saved, calibration=str(elsewhere)), store) != version
