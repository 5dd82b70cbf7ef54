import json
from dataclasses import replace
from pathlib import Path

import pytest

from facecaption_assets.attributes.dataset_evaluation import (
    evaluate_dataset,
    main_faces,
    stage_identity,
)
from facecaption_assets.attributes.evaluation import Evaluation
from facecaption_assets.attributes.label_files import LabelFileError
from facecaption_assets.attributes.settings import AttributeSettings
from facecaption_assets.provenance import Provenance
from facecaption_assets.schema import TABLES
from facecaption_assets.shards.sources import Source, add_source
from facecaption_assets.storage import Storage

SETTINGS = AttributeSettings()
WOMAN = {"picture": "emotions_sheet", "demographics": {"sex": "female", "age_range": "35-45"}}
HAPPY, SURPRISED = [0.3, 0.05, 0.45, 0.2], [0.05, 0.3, 0.2, 0.45]


def commit(storage: Storage, shard: str) -> None:
    """A picture of two faces: a smile that is seen, and a smile that is not there."""
    key = f"{shard}-00000"
    base = {"key": key, "split_group": key}
    picture = base | {"url": "file:///x/sheet.jpg", "metadata": json.dumps(WOMAN)}
    faces = [
        base
        | {
            "face_id": f"{key}-{index}",
            "status": "kept",
            "bbox_rel": bbox_rel,
            "bbox_xyxy": [share * side for share in bbox_rel],
        }
        for index, (bbox_rel, side) in enumerate([(HAPPY, 1000), (SURPRISED, 1200)])
    ]
    labels = [
        base
        | {
            "face_id": face["face_id"],
            "status": "labelled",
            "num_positive": 1,
            "resolved_conflicts": [],
            "Smiling": True,
            "Smiling_prob": 0.9,
            "Male": False,
            "Male_prob": 0.1,
        }
        for face in faces
    ]
    for asset, rows in {
        "raw_shards": [picture | {"status": "success"}],
        "face_crops": faces,
        "face_attributes": labels,
    }.items():
        storage.commit(TABLES[asset].from_rows(rows), Provenance(asset, shard, "v1"))


@pytest.fixture
def built(storage: Storage, tmp_path: Path) -> Storage:
    """A shard of the sample, and one of a folder that says the same of its pictures."""
    photos = tmp_path / "photos"
    photos.mkdir()
    add_source(storage, Source("people", "sample"))
    add_source(storage, Source("mine", "folder", str(photos)))
    commit(storage, "people-00000")
    commit(storage, "mine-00000")
    return storage


def named_labels(tmp_path: Path, text: str) -> AttributeSettings:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    return replace(SETTINGS, evaluation_labels=str(path))


def counts(evaluation: Evaluation) -> dict[str, tuple[int, int, float | None]]:
    return {s.name: (s.labelled, s.positives, s.accuracy) for s in evaluation.scores}


def test_sample_is_measured_by_its_own_side_cars_and_a_folder_is_not(built: Storage) -> None:
    evaluation = evaluate_dataset(built, SETTINGS)
    assert evaluation.faces == 2
    assert counts(evaluation) == {
        "Male": (2, 0, 1.0),
        "Mouth_Slightly_Open": (2, 2, None),
        "Smiling": (2, 1, 0.5),
    }
    assert [miss.name for miss in evaluation.misses] == ["people-00000-00000-1"]
    assert {(g.column, g.value) for g in evaluation.by_people} == {
        ("sex", "female"),
        ("age_range", "35-45"),
    }


@pytest.mark.parametrize(
    ("name", "face"),
    [
        ("mine-00000-00000-0", "mine-00000-00000-0"),
        ("mine-00000-00000", "mine-00000-00000-1"),
    ],
)
def test_label_of_a_file_is_the_faces_or_that_of_the_pictures_largest(
    built: Storage, tmp_path: Path, name: str, face: str
) -> None:
    settings = named_labels(tmp_path, f"name,Young,Smiling\n{name},1,-1\n")
    evaluation = evaluate_dataset(built, settings)
    assert counts(evaluation)["Young"] == (1, 1, None)
    assert face in {miss.name for miss in evaluation.misses}


def test_label_may_name_the_pictures_file_and_goes_before_the_samples_own(
    built: Storage, tmp_path: Path
) -> None:
    settings = named_labels(tmp_path, "name,Smiling,set\nsheet.jpg,1,test\n")
    evaluation = evaluate_dataset(built, settings)
    assert counts(evaluation)["Smiling"] == (3, 3, 1.0)
    assert ("set", "test", 2) in {(g.column, g.value, g.faces) for g in evaluation.by_people}


def test_dataset_of_which_nothing_is_known_is_an_evaluation_of_nothing(storage: Storage) -> None:
    commit(storage, "orphan-00000")  # Its source is not registered.
    assert evaluate_dataset(storage, SETTINGS) == Evaluation(0, 0, [], [], [], [])


def test_labels_that_cannot_be_read_are_refused(built: Storage, tmp_path: Path) -> None:
    settings = replace(SETTINGS, evaluation_labels=str(tmp_path / "absent.csv"))
    with pytest.raises(LabelFileError, match=r"absent\.csv"):
        evaluate_dataset(built, settings)


def test_code_version_follows_the_content_of_the_labels(tmp_path: Path) -> None:
    first = stage_identity(named_labels(tmp_path, "name,Smiling\na,1\n"))
    assert first != stage_identity(SETTINGS)
    assert first != stage_identity(named_labels(tmp_path, "name,Smiling\na,-1\n"))
    assert first == stage_identity(
        replace(named_labels(tmp_path, "name,Smiling\na,1\n"), min_positive=2)
    )


def test_of_equally_large_faces_the_first_is_the_pictures() -> None:
    box = {"key": "k", "bbox_xyxy": [0.0, 0.0, 9.0, 9.0]}
    rows = [box | {"face_id": "k-0"}, box | {"face_id": "k-1"}]
    assert main_faces(rows) == {"k": "k-0"}
