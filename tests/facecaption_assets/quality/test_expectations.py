import re
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facecaption_assets.captions.captioners.screening import clean, why_refused
from facecaption_assets.quality.expectations import Expectation, SuiteResult, validate
from facecaption_assets.quality.suites import (
    attribute_expectations,
    caption_expectations,
    face_expectations,
    image_score_expectations,
    score_expectations,
    synthetic_caption_expectations,
)
from facecaption_assets.schema import TABLES

# Great Expectations imports modules of the standard library that Python 3.11 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

Tables = dict[str, pa.Table]
SUITES = {
    "face_crops": face_expectations(),
    "image_scores": image_score_expectations(),
    "face_attributes": attribute_expectations(),
    "template_captions": caption_expectations(),
    "synthetic_captions": synthetic_caption_expectations(),
    "image_text_scores": score_expectations(),
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


def broken_rules(caption: str) -> list[str]:
    """Severities of the suite's rules on wording that a caption breaks."""
    return [
        rule.severity
        for rule in SUITES["llm_captions"]
        if rule.columns == ["caption"]
        and bool(re.search(rule.arguments["regex"], caption)) == ("not_match" in rule.type)
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


def test_impossible_labels_block(tables: Tables) -> None:
    attributes = replaced(tables["face_attributes"], 0, Smiling_prob=1.5, num_positive=41)
    attributes = replaced(attributes, 1, Black_Hair=True, Bald=True, status="done")
    attributes = replaced(attributes, 2, face_id="Bob")
    result = validate(attributes, SUITES["face_attributes"], "labels")
    assert result.has_critical_failure
    assert {row.column for row in result.rows if not row.passed} == {
        "Smiling_prob",
        "num_positive",
        "Black_Hair, Brown_Hair",
        "Bald, Black_Hair",
        "Bald, Brown_Hair",
        "status",
        "face_id",
    }


def test_a_repeated_face_blocks(tables: Tables) -> None:
    attributes = pa.concat_tables([tables["face_attributes"]] * 2)
    result = validate(attributes, SUITES["face_attributes"], "labels")
    assert failures(result) == ["critical expect_column_values_to_be_unique face_id"]


def test_an_odd_age_warns_and_does_not_block(tables: Tables) -> None:
    attributes = replaced(
        tables["face_attributes"], 0, age_years=140.0, Black_Hair=False, Brown_Hair=False
    )
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
def test_captions_that_read_wrong_block(caption: str) -> None:
    assert "critical" in broken_rules(caption)


def test_a_caption_that_reads_wrong_is_shown(tables: Tables) -> None:
    captions = replaced(tables["llm_captions"], 0, caption="She smiles without a beard.")
    result = validate(captions, SUITES["llm_captions"], "captions")
    assert result.has_critical_failure
    [failed] = [row for row in result.rows if not row.passed]
    assert "She smiles without a beard." in failed.observed


@pytest.mark.parametrize(("max_words", "passes"), [(60, False), (20, False), (80, True)])
def test_long_captions_pass_where_the_settings_want_them(max_words: int, passes: bool) -> None:
    caption = "A man with " + "very " * 66 + "long hair."
    length = caption_expectations(max_words)[4]
    assert bool(re.search(length.arguments["regex"], caption)) is passes
    short = "A man with " + "very " * 40 + "long hair."
    assert re.search(length.arguments["regex"], short)


def test_what_resolution_keeps_apart_blocks_when_it_is_together(tables: Tables) -> None:
    attributes = replaced(tables["face_attributes"], 0, Young=True, Gray_Hair=True, Brown_Hair=None)
    attributes = replaced(attributes, 1, Goatee=True, Male=False)
    result = validate(attributes, SUITES["face_attributes"], "labels")
    assert {row.column for row in result.rows if not row.passed} == {
        "Young, Gray_Hair",
        "Goatee, Male",
    }


@pytest.mark.parametrize(
    ("caption", "broken"),
    [
        ("A man with an hourglass smiles.", []),
        ("An elderly man wears a one-piece suit.", []),
        ("He has a oval face and smiles.", ["warning"]),
        ("He has an brown beard and smiles.", ["warning"]),
        ("A man with a 5 o'clock shadow smiles.", []),
        ("A man of note notices another.", []),
    ],
)
def test_a_wrong_article_warns(caption: str, broken: list[str]) -> None:
    assert broken_rules(caption) == broken


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


@pytest.mark.parametrize(
    "wrong",
    [
        {"det_score": 1.5},
        {"visible_share": -0.1},
        {"bright_share": 2.0},
        {"roll_deg": 181.0},
        {"yaw_deg": -91.0},
        {"sharpness": -1.0},
        {"side_px": -1.0},
        {"status": "lost"},
    ],
)
def test_evidence_on_a_face_stays_in_its_range(tables: Tables, wrong) -> None:
    crops = replaced(tables["face_crops"], 0, **wrong)
    result = validate(crops, face_expectations(), "face_crops")
    assert [row.column for row in result.rows if not row.passed] == list(wrong)
    assert result.has_critical_failure


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({"caption": "two words"}, "critical"),
        ({"caption": "a woman <b>in a hat</b>"}, "critical"),
        ({"caption": "see www.example.com for this woman"}, "critical"),
        ({"caption": "a woman\nin a hat"}, "critical"),
        ({"status": "done"}, "critical"),
        ({"clip_cosine": 25.0}, "critical"),
    ],
)
def test_a_synthetic_caption_out_of_form_blocks(changes, severity, tables: Tables) -> None:
    table = replaced(tables["synthetic_captions"], 1, **changes)
    result = validate(table, SUITES["synthetic_captions"], "synthetic")
    assert [row.severity for row in result.rows if not row.passed] == [severity]


PIECES = ("a", "woman", "in", "hat", ".", "@", "#", "www.", "<", "-", "/")


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text())))
def test_whatever_text_is_kept_of_a_captioner_is_well_formed(pieces: list[str]) -> None:
    text = clean(" ".join(pieces))
    if why_refused(text) is None:
        for rule in SUITES["synthetic_captions"]:
            if "regex" in rule.arguments and rule.columns == ["caption"]:
                found = re.search(rule.arguments["regex"], text)
                assert bool(found) != ("not_match" in rule.type), (text, rule)


def test_a_captioner_whose_texts_are_mostly_refused_warns(tables: Tables) -> None:
    rows = [row | {"status": "screened"} for row in tables["synthetic_captions"].to_pylist()]
    table = pa.Table.from_pylist(rows, schema=tables["synthetic_captions"].schema)
    result = validate(table, SUITES["synthetic_captions"], "synthetic")
    assert not result.passed and not result.has_critical_failure
