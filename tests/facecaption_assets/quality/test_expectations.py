from typing import Any

import pyarrow as pa
import pytest

from facecaption_assets.quality.expectations import (
    Expectation,
    SuiteResult,
    attribute_expectations,
    caption_expectations,
    validate,
)
from facecaption_assets.schema import TABLES

# Great Expectations imports modules of the standard library that Python 3.11 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

Tables = dict[str, pa.Table]
SUITES = {
    "face_attributes": attribute_expectations(),
    "template_captions": caption_expectations(),
    "llm_captions": caption_expectations(),
}


def replaced(table: pa.Table, row: int, **values: Any) -> pa.Table:
    rows = table.to_pylist()
    rows[row] |= values
    return pa.Table.from_pylist(rows, schema=table.schema)


def failures(result: SuiteResult) -> list[str]:
    return [
        f"{row.severity} {row.expectation} {row.column}" for row in result.rows if not row.passed
    ]


@pytest.mark.parametrize("asset", SUITES)
def test_complete_shard_passes(asset: str, tables: Tables) -> None:
    result = validate(tables[asset], SUITES[asset], asset)
    assert result.passed, failures(result)
    assert len(result.rows) == len(SUITES[asset])


@pytest.mark.parametrize("asset", SUITES)
def test_empty_table_passes(asset: str) -> None:
    result = validate(TABLES[asset].arrow.empty_table(), SUITES[asset], asset)
    assert result.passed, failures(result)


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"Smiling_prob": 1.5}, "Smiling_prob"),
        ({"Black_Hair": True}, "Black_Hair, Brown_Hair"),
        ({"Bald": True}, "Bald, Brown_Hair"),
        ({"face_id": "drawn-00000-00003-0"}, "face_id"),
        ({"face_id": "Bob"}, "face_id"),
        ({"status": "done"}, "status"),
        ({"num_positive": 41}, "num_positive"),
    ],
)
def test_impossible_labels_block(changes: dict[str, Any], column: str, tables: Tables) -> None:
    attributes = replaced(tables["face_attributes"], 0, **changes)
    result = validate(attributes, SUITES["face_attributes"], "labels")
    assert result.has_critical_failure
    assert column in {row.column for row in result.rows if not row.passed}


def test_exclusive_colours_may_both_be_unknown_or_absent(tables: Tables) -> None:
    attributes = replaced(tables["face_attributes"], 0, Black_Hair=False, Brown_Hair=False)
    assert not validate(attributes, SUITES["face_attributes"], "labels").has_critical_failure


def test_an_odd_age_warns_and_does_not_block(tables: Tables) -> None:
    attributes = replaced(tables["face_attributes"], 0, age_years=140.0)
    result = validate(attributes, SUITES["face_attributes"], "labels")
    assert not result.passed
    assert not result.has_critical_failure
    [failed] = [row for row in result.rows if not row.passed]
    assert failed.column == "age_years"
    assert failed.unexpected_percent == 100
    assert "140" in failed.observed


@pytest.mark.parametrize(
    "caption",
    [
        "Too short.",
        "A man " + "with very " * 60 + "long hair.",
        "a man with brown hair.",
        "A man with brown hair",
        "A man with  brown hair.",
        "A man with brown hair .",
        "A man with brown hair.\nHe smiles.",
        "A woman without a beard smiles.",
        "He has no beard and smiles.",
        "She doesn't wear any earrings today.",
        "She doesn\u2019t wear any earrings today.",
        "A man with {hair} that is brown.",
        "A man seen at https://example.org today.",
    ],
)
def test_captions_that_read_wrong_block(caption: str, tables: Tables) -> None:
    captions = replaced(tables["llm_captions"], 0, caption=caption)
    result = validate(captions, SUITES["llm_captions"], "captions")
    assert result.has_critical_failure


@pytest.mark.parametrize(
    ("caption", "passed"),
    [
        ("A man with an hourglass smiles.", True),
        ("An elderly man wears a one-piece suit.", True),
        ("He has a oval face and smiles.", False),
        ("He has an brown beard and smiles.", False),
        ("A man with a 5 o'clock shadow smiles.", True),
        ("A man of note notices another.", True),
    ],
)
def test_a_wrong_article_warns(caption: str, passed: bool, tables: Tables) -> None:
    captions = replaced(tables["llm_captions"], 0, caption=caption)
    result = validate(captions, SUITES["llm_captions"], "captions")
    assert result.passed is passed
    assert not result.has_critical_failure


def test_many_fallbacks_warn(tables: Tables) -> None:
    captions = tables["llm_captions"]
    for row in range(captions.num_rows):
        captions = replaced(captions, row, status="fell_back")
    result = validate(captions, SUITES["llm_captions"], "captions")
    assert failures(result) == ["warning expect_column_values_to_not_be_in_set status"]


def test_an_expectation_that_cannot_be_computed_fails(tables: Tables) -> None:
    broken = [Expectation("column_values_to_be_between", {"column": "caption", "min_value": 0})]
    [row] = validate(tables["llm_captions"], broken, "captions").rows
    assert not row.passed
    assert row.observed


def test_a_column_that_is_not_there_is_named(tables: Tables) -> None:
    with pytest.raises(ValueError, match=r"captions_suite .*\['caption_index', 'caption'\]"):
        validate(tables["face_attributes"], SUITES["llm_captions"], "captions_suite")
