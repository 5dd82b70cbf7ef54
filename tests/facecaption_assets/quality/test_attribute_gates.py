from typing import Any

import pyarrow as pa
import pytest

from facecaption_assets.quality.attribute_gates import (
    MIN_FACES,
    attributes_covered,
    labels_alike_by_sex,
)
from facecaption_assets.quality.settings import QualitySettings
from facecaption_assets.schema import FACE_ATTRIBUTES


def faces(count: int, status: str = "labelled", num_positive: int = 2, **states: Any) -> pa.Table:
    row = {
        "key": "k",
        "split_group": "k",
        "status": status,
        "num_positive": num_positive,
        "resolved_conflicts": [],
        **states,
    }
    return FACE_ATTRIBUTES.from_rows([row | {"face_id": f"k-{i}"} for i in range(count)])


def test_attribute_that_annotators_announce_and_hardly_speak_of_is_named() -> None:
    table = pa.concat_tables([faces(38, Smiling=True), faces(2, Smiling=True, Bald=False)])
    outcome = attributes_covered(table, ["Smiling", "Bald", "Young"], 0.1)
    assert not outcome.passed
    assert outcome.reason == (
        "Of 3 attributes that annotators speak of, 2 have a state for less than 10% of 40 faces: "
        "Bald 5%, Young 0%."
    )


def test_attribute_that_nobody_announces_may_be_unknown() -> None:
    assert attributes_covered(faces(40, Smiling=False), ["Smiling"], 0.1).passed


@pytest.mark.parametrize(
    "table",
    [
        faces(MIN_FACES - 1),
        pa.concat_tables([faces(MIN_FACES - 1), faces(9, status="failed_to_annotate")]),
        faces(0),
    ],
)
def test_few_judged_faces_tell_nothing(table: pa.Table) -> None:
    assert attributes_covered(table, ["Smiling"], 0.1).passed


def test_nobody_to_announce_anything_is_no_failure() -> None:
    assert attributes_covered(faces(40), [], 0.1).passed


@pytest.mark.parametrize(("of_men", "passed"), [(3, True), (5, True), (6, False)])
def test_labels_are_compared_without_male_itself(of_men: int, passed: bool) -> None:
    table = pa.concat_tables(
        [faces(30, num_positive=of_men, Male=True), faces(30, num_positive=2, Male=False)]
    )
    outcome = labels_alike_by_sex(table, 2.0)
    assert outcome.passed is passed
    assert outcome.numbers["male_labels_per_face"] == of_men - 1
    assert outcome.numbers["not_male_labels_per_face"] == 2


def test_one_sex_without_any_label_is_named() -> None:
    table = pa.concat_tables(
        [
            faces(30, num_positive=1, Male=True),
            faces(30, num_positive=2, Male=False),
            faces(9, status="too_few_labels", num_positive=0, Male=False),
        ]
    )
    outcome = labels_alike_by_sex(table, 2.0)
    assert not outcome.passed
    assert "30 male and 39 other faces have 0.00 and 1.54 positive labels" in outcome.reason
    assert outcome.reason.endswith("max_label_ratio is 2.")
    assert outcome.numbers["not_male_kept"] == 30


def test_sexes_with_few_faces_are_not_compared() -> None:
    table = pa.concat_tables(
        [faces(29, num_positive=9, Male=True), faces(300, num_positive=1, Male=False), faces(50)]
    )
    assert labels_alike_by_sex(table, 2.0).passed
    assert labels_alike_by_sex(faces(0), 2.0).passed


def test_settings_of_the_gates_are_checked() -> None:
    with pytest.raises(ValueError, match="only_affirmed names 'Earrings'"):
        QualitySettings(only_affirmed=("Earrings",))
    with pytest.raises(ValueError, match=r"max_label_ratio is 0\.5; allowed is 1 or more"):
        QualitySettings(max_label_ratio=0.5)
