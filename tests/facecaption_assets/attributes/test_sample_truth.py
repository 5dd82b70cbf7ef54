import pytest

from facecaption_assets.attributes.sample_truth import (
    EXPRESSIONS,
    MOUTH_OPEN,
    SMILING,
    expression_at,
    sample_groups,
    sample_labels,
)

PERSON = {
    "picture": "emotions_sheet",
    "demographics": {"sex": "female", "age_range": "25-35", "skin_tone": "Fitzpatrick V"},
}


def box(column: int, row: int) -> list[float]:
    return [column / 4 + 0.08, row / 4 + 0.05, column / 4 + 0.17, row / 4 + 0.2]


@pytest.mark.parametrize(
    ("column", "row", "name"),
    [(0, 0, "Neutral"), (1, 0, "Happy"), (3, 1, "Confused"), (0, 2, "Smug"), (3, 3, "Determined")],
)
def test_cell_is_told_by_the_centre_of_the_face(column: int, row: int, name: str) -> None:
    assert expression_at(box(column, row)) == name


def test_centre_on_the_edge_is_of_the_last_cell() -> None:
    assert expression_at([1.0, 1.0, 1.0, 1.0]) == "Determined"


@pytest.mark.parametrize(
    ("column", "row", "labels"),
    [
        (1, 0, {"Smiling": True, "Mouth_Slightly_Open": True}),
        (0, 0, {"Smiling": False, "Mouth_Slightly_Open": False}),
        (1, 3, {"Smiling": False, "Mouth_Slightly_Open": True}),
        (1, 2, {}),
        (2, 3, {}),
        (0, 2, {"Mouth_Slightly_Open": False}),
    ],
)
def test_only_expressions_that_decide_are_labels(column: int, row: int, labels) -> None:
    assert sample_labels(PERSON, box(column, row)) == {"Male": False, **labels}


def test_tables_speak_of_expressions_that_there_are() -> None:
    names = {name for row in EXPRESSIONS for name in row}
    assert SMILING.keys() | MOUTH_OPEN.keys() <= names
    assert len(names) == 16


def test_other_pictures_tell_sex_only_and_templates_nothing() -> None:
    assert sample_labels(PERSON | {"picture": "studio_portrait"}, box(1, 0)) == {"Male": False}
    assert sample_labels({"picture": "emotions_sheet_template"}, box(1, 0)) == {}
    assert sample_groups({}) == {"sex": "", "age_range": "", "skin_tone": ""}
    assert sample_groups(PERSON)["skin_tone"] == "Fitzpatrick V"
