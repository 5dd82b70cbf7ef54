from typing import Any

import pyarrow as pa
import pytest

from facecaption_assets.quality import contents
from facecaption_assets.schema import TABLES

Tables = dict[str, pa.Table]


def replaced(table: pa.Table, row: int, **values: Any) -> pa.Table:
    rows = table.to_pylist()
    rows[row] |= values
    return pa.Table.from_pylist(rows, schema=table.schema)


def test_complete_shard_passes(tables: Tables) -> None:
    assert contents.boxes_inside_image(tables["face_crops"]).passed
    assert contents.states_have_basis(tables["face_attributes"]).passed
    assert contents.captions_present(tables["llm_captions"]).passed


def test_empty_tables_pass() -> None:
    assert contents.boxes_inside_image(TABLES["face_crops"].arrow.empty_table()).passed
    assert contents.states_have_basis(TABLES["face_attributes"].arrow.empty_table()).passed
    assert contents.probabilities_vary(TABLES["face_attributes"].arrow.empty_table()).passed
    assert contents.captions_present(TABLES["llm_captions"].arrow.empty_table()).passed


@pytest.mark.parametrize(
    ("box", "passed"),
    [
        ([0.0, 0.0, 400.0, 300.0], True),
        ([-0.4, 0.0, 400.4, 300.0], True),
        ([-1.0, 0.0, 400.0, 300.0], False),
        ([0.0, 0.0, 401.0, 300.0], False),
        ([0.0, 0.0, 400.0, 301.0], False),
        ([200.0, 0.0, 200.0, 300.0], False),
        ([0.0, 200.0, 400.0, 100.0], False),
        ([0.0, 0.0, float("nan"), 300.0], False),
    ],
)
def test_boxes_lie_in_their_picture(box: list[float], passed: bool, tables: Tables) -> None:
    shares = [c / size for c, size in zip(box, (400, 300, 400, 300), strict=True)]
    crops = replaced(tables["face_crops"], 1, bbox_xyxy=box, bbox_rel=shares)
    assert contents.boxes_inside_image(crops).passed is passed


def test_boxes_say_the_same_in_both_units(tables: Tables) -> None:
    crops = replaced(tables["face_crops"], 1, bbox_rel=[0.25, 0.25, 0.75, 0.8])
    outcome = contents.boxes_inside_image(crops)
    assert not outcome.passed
    assert outcome.numbers["units_differ"] == 1


def test_a_face_has_a_box(tables: Tables) -> None:
    crops = replaced(tables["face_crops"], 1, bbox_xyxy=None)
    assert contents.boxes_inside_image(crops).numbers["without_box"] == 1


@pytest.mark.parametrize(
    "changes", [{"Smiling_prob": None}, {"num_positive": 7}, {"Smiling": None}]
)
def test_states_have_probabilities_and_are_counted(changes: dict[str, Any], tables: Tables) -> None:
    attributes = replaced(tables["face_attributes"], 0, **changes)
    assert not contents.states_have_basis(attributes).passed


def test_a_withdrawn_state_may_keep_its_probability(tables: Tables) -> None:
    attributes = replaced(tables["face_attributes"], 0, Smiling=None, num_positive=2)
    assert contents.states_have_basis(attributes).passed


def test_one_probability_for_all_faces_is_named(tables: Tables) -> None:
    attributes = pa.concat_tables([tables["face_attributes"]] * 3)
    outcome = contents.probabilities_vary(attributes)
    assert not outcome.passed
    assert "Brown_Hair" in outcome.reason
    assert "Male" not in outcome.reason
    assert contents.probabilities_vary(attributes, min_faces=100).passed


def test_one_probability_that_makes_all_faces_negative_is_fine(tables: Tables) -> None:
    attributes = pa.concat_tables([tables["face_attributes"]] * 3)
    without = pa.array([False] * attributes.num_rows)
    low = pa.array([0.01] * attributes.num_rows, pa.float32())
    for name, values in (("Wearing_Hat", without), ("Wearing_Hat_prob", low)):
        position = attributes.column_names.index(name)
        attributes = attributes.set_column(position, attributes.schema.field(name), values)
    assert "Wearing_Hat" not in contents.probabilities_vary(attributes).reason
    unknown = pa.nulls(attributes.num_rows, pa.bool_())
    position = attributes.column_names.index("Wearing_Hat")
    attributes = attributes.set_column(position, attributes.schema.field("Wearing_Hat"), unknown)
    assert "Wearing_Hat" in contents.probabilities_vary(attributes).reason


@pytest.mark.parametrize(
    "changes", [{"caption": None}, {"caption": " \n"}, {"status": "opted_out"}]
)
def test_captions_are_where_the_status_says(changes: dict[str, Any], tables: Tables) -> None:
    assert not contents.captions_present(replaced(tables["llm_captions"], 0, **changes)).passed
