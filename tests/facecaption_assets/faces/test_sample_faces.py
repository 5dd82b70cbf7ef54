"""The embedded detector on the whole sample: a table of found and expected, with real weights."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from tests.benchmarks.sample_faces import LABELS, count

#: Faces of one picture by what the picture is: sheets have a fixed layout, templates nobody.
FACES = {
    "amateur_posture": 1,
    "amateur_selfie": 1,
    "character_sheet": 6,
    "character_sheet_template": 0,
    "emotions_sheet": 16,
    "emotions_sheet_template": 0,
    "studio_portrait": 1,
    "studio_posture": 1,
}


def test_every_picture_of_the_sample_is_labelled_with_as_many_faces_as_its_kind_has() -> None:
    faces: Counter[str] = Counter()
    with LABELS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            faces[row["image"]] += bool(row["left"]) and row["ignore"] != "1"
    assert len(faces) == 62
    assert {name: FACES[Path(name).stem] for name in faces} == faces


@pytest.mark.slow
def test_every_face_of_the_sample_is_found_and_none_twice() -> None:
    found = {kind: (p.found, p.expected, p.false) for kind, p in count().items()}
    pictures = {kind: 1 if kind.endswith("template") else 10 for kind in FACES}
    assert found == {
        kind: (faces * pictures[kind], faces * pictures[kind], 0) for kind, faces in FACES.items()
    }
