from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facecaption_assets.attributes.calibration import Calibration, Curve
from facecaption_assets.attributes.labelling import face_crop, label_faces, stage_identity
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.memory import OutOfMemory
from facecaption_assets.models import ModelStore
from facecaption_assets.schema import FACE_ATTRIBUTES
from facecaption_assets.shards.opt_out import OptOut

SETTINGS = AttributeSettings(min_positive=2, batch_size=2)
POSITIVE = {"Smiling": 0.9, "Black_Hair": 0.95}


def test_every_kept_face_has_one_row_in_order_whatever_the_order_of_the_pictures(
    crops, fake
) -> None:
    table, pictures = crops(5)
    labels = label_faces(table, pictures[::-1], [fake(POSITIVE)], SETTINGS, OptOut.none())
    assert labels.schema.equals(FACE_ATTRIBUTES.arrow)
    assert labels["face_id"].to_pylist() == table["face_id"].to_pylist()
    assert set(labels["status"].to_pylist()) == {"labelled"}


def test_row_carries_states_probabilities_and_age(crops, fake) -> None:
    table, pictures = crops(1)
    annotator = fake({**POSITIVE, "Male": 0.02, "Young": 0.5}, age_years=41.5)
    (row,) = label_faces(table, pictures, [annotator], SETTINGS, OptOut.none()).to_pylist()
    assert (row["Smiling"], row["Male"], row["Young"], row["Bald"]) == (True, False, None, None)
    assert row["Young_prob"] == pytest.approx(0.5)
    assert row["Bald_prob"] is None
    assert (row["num_positive"], row["age_years"]) == (2, 41.5)
    assert row["error_message"] is None


def test_contradiction_is_resolved_before_positives_are_counted(crops, fake) -> None:
    table, pictures = crops(1)
    annotator = fake({"Black_Hair": 0.9, "Brown_Hair": 0.95})
    (row,) = label_faces(table, pictures, [annotator], SETTINGS, OptOut.none()).to_pylist()
    assert row["resolved_conflicts"] == ["Black_Hair excluded by Brown_Hair"]
    assert row["Black_Hair"] is None
    assert row["Black_Hair_prob"] == pytest.approx(0.9)
    assert row["status"] == "too_few_labels"
    assert row["error_message"] == "1 positive, min_positive is 2"


def test_broken_and_missing_pictures_are_rows_that_say_so(crops, fake) -> None:
    table, pictures = crops(4)
    pictures[1] = (pictures[1][0], b"not a picture")
    del pictures[3]
    rows = label_faces(table, pictures, [fake(POSITIVE)], SETTINGS, OptOut.none()).to_pylist()
    assert [row["status"] for row in rows] == [
        "labelled",
        "failed_to_annotate",
        "labelled",
        "failed_to_annotate",
    ]
    assert rows[1]["error_message"].startswith("the crop cannot be decoded")
    assert rows[3]["error_message"] == "the crop's picture is missing"


def test_face_that_kills_an_annotator_spoils_no_other_of_its_batch(crops, fake) -> None:
    table, pictures = crops(4)
    annotators = [fake(POSITIVE, dies_of=(2,), name="frail"), fake({"Male": 0.99})]
    rows = label_faces(table, pictures, annotators, SETTINGS, OptOut.none()).to_pylist()
    assert [row["status"] for row in rows].count("labelled") == 3
    assert rows[2]["status"] == "failed_to_annotate"
    assert rows[2]["error_message"] == "frail: RuntimeError: the model died"
    assert rows[2]["Male"] is None


def test_missing_memory_fails_the_stage_and_names_the_setting(crops, fake) -> None:
    table, pictures = crops(2)
    annotator = fake(POSITIVE, dies_of=(1,), death="CUDA out of memory")
    with pytest.raises(OutOfMemory, match=r"fake ran out of memory on 2 .*batch_size: CUDA out"):
        label_faces(table, pictures, [annotator], SETTINGS, OptOut.none())


def test_annotator_that_answers_nonsense_fails_the_face(crops, fake) -> None:
    table, pictures = crops(1)
    labels = label_faces(table, pictures, [fake({"Bald": 0.9})], SETTINGS, OptOut.none())
    assert "does not announce ['Bald']" in labels["error_message"].to_pylist()[0]


def test_opted_out_faces_and_pictures_are_not_looked_at(crops, fake) -> None:
    table, pictures = crops(3)
    annotator = fake(POSITIVE)
    out = OptOut.of("drawn-00000-00000", "drawn-00000-00002-0")
    labels = label_faces(table, pictures, [annotator], SETTINGS, out)
    assert labels["status"].to_pylist() == ["opted_out", "labelled", "opted_out"]
    assert annotator.batches == [["drawn-00000-00001-0"]]


def test_batches_are_as_large_as_the_setting_says(crops, fake) -> None:
    table, pictures = crops(5)
    annotator = fake(POSITIVE)
    label_faces(table, pictures, [annotator], SETTINGS, OptOut.none())
    assert [len(batch) for batch in annotator.batches] == [2, 2, 1]


def test_shard_without_faces_has_no_rows(crops, fake) -> None:
    labels = label_faces(crops(0)[0], [], [fake()], SETTINGS, OptOut.none())
    assert labels.num_rows == 0
    assert labels.schema.equals(FACE_ATTRIBUTES.arrow)


def test_without_annotators_every_face_has_too_few_labels(crops) -> None:
    table, pictures = crops(2)
    labels = label_faces(table, pictures, [], SETTINGS, OptOut.none())
    assert set(labels["status"].to_pylist()) == {"too_few_labels"}


def test_landmarks_and_box_are_brought_to_the_crop() -> None:
    row = {
        "face_id": "f",
        "crop_matrix": [0.0, 0.5, 1.0, -0.5, 0.0, 100.0],
        "landmarks": [[10.0, 20.0], [30.0, 20.0], [20.0, 30.0], [12.0, 40.0], [28.0, 40.0]],
        "bbox_xyxy": [0.0, 10.0, 40.0, 50.0],
    }
    face = face_crop(row, np.zeros((9, 9, 3), np.uint8))
    assert face.landmarks is not None and face.box_xyxy is not None
    np.testing.assert_allclose(face.landmarks[:2], [[11.0, 95.0], [11.0, 85.0]])
    np.testing.assert_allclose(face.box_xyxy, [6.0, 80.0, 26.0, 100.0])


@pytest.mark.parametrize("missing", ["crop_matrix", "landmarks"])
def test_face_without_landmarks_or_matrix_has_none_in_the_crop(crops, missing: str) -> None:
    (row,) = crops(1, **{missing: None})[0].to_pylist()
    assert face_crop(row, np.zeros((9, 9, 3), np.uint8)).landmarks is None


def test_contradicting_annotators_that_must_agree_leave_the_row_a_note(crops, fake) -> None:
    table, pictures = crops(1)
    settings = replace(SETTINGS, agreement=("fake", "frail"))
    annotators = [fake({"Smiling": 0.9, "Male": 0.95}), fake({"Smiling": 0.02, "Male": 0.9})]
    annotators[1].name = "frail"
    (row,) = label_faces(table, pictures, annotators, settings, OptOut.none()).to_pylist()
    assert (row["Smiling"], row["Smiling_prob"]) == (None, None)
    assert (row["Male"], row["Male_prob"]) == (True, pytest.approx(0.9))
    assert row["disagreements"] == ["Smiling"]


def test_without_agreement_the_row_has_no_such_note(crops, fake) -> None:
    table, pictures = crops(1)
    labels = label_faces(table, pictures, [fake(POSITIVE)], SETTINGS, OptOut.none())
    assert labels["disagreements"].to_pylist() == [None]


def test_code_version_follows_settings_and_weights_but_not_the_batch_size(tmp_path: Path) -> None:
    settings, store = AttributeSettings(), ModelStore(tmp_path)
    version = stage_identity(settings, store)
    assert stage_identity(replace(settings, batch_size=64), store) == version
    assert stage_identity(replace(settings, min_positive=3), store) != version
    assert stage_identity(replace(settings, sources={"Bald": ()}), store) != version
    assert stage_identity(settings, ModelStore(tmp_path, entries={})) != version


def test_code_version_follows_a_model_only_where_its_annotator_speaks(tmp_path: Path) -> None:
    store, weights = ModelStore(tmp_path), tmp_path / "mine.safetensors"
    weights.write_bytes(b"one")
    unused = AttributeSettings()
    used = replace(unused, annotators=("celeba_resnet50",))
    named = {"celeba_weights": str(weights)}
    assert stage_identity(replace(unused, **named), store) == stage_identity(unused, store)
    version = stage_identity(replace(used, **named), store)
    assert version != stage_identity(used, store)
    weights.write_bytes(b"other")
    assert stage_identity(replace(used, **named), store) != version


def test_states_and_the_stored_probability_are_the_calibrated_ones(
    crops, fake, tmp_path: Path
) -> None:
    path = tmp_path / "calibration.json"
    curve = Curve(40, 20, raw=(0.0, 1.0), calibrated=(0.0, 0.5))
    path.write_text(Calibration("isotonic", "fake", {"Smiling": curve}).to_json())
    settings = replace(SETTINGS, calibration=str(path))
    table, pictures = crops(1)
    (row,) = label_faces(table, pictures, [fake(POSITIVE)], settings, OptOut.none()).to_pylist()
    assert (row["Smiling"], row["Black_Hair"]) == (None, True)
    assert row["Smiling_prob"] == pytest.approx(0.45)
    assert row["Black_Hair_prob"] == pytest.approx(0.95)


def test_of_two_hair_colours_the_one_farther_beyond_its_threshold_stays(crops, fake) -> None:
    settings = replace(SETTINGS, thresholds={"Black_Hair": (0.1, 0.5)})
    table, pictures = crops(1)
    annotator = fake({"Black_Hair": 0.9, "Brown_Hair": 0.92})
    (row,) = label_faces(table, pictures, [annotator], settings, OptOut.none()).to_pylist()
    assert row["resolved_conflicts"] == ["Brown_Hair excluded by Black_Hair"]


def test_paper_preset_asks_for_more_than_five_labels(crops, fake) -> None:
    settings = replace(SETTINGS, preset="paper")
    table, pictures = crops(1)
    (row,) = label_faces(table, pictures, [fake(POSITIVE)], settings, OptOut.none()).to_pylist()
    assert row["error_message"] == "2 positive, min_positive is 6"
