"""Counting in DuckDB gives the verdicts that Great Expectations gives on the same rows."""

import math
from typing import Any

import pyarrow as pa
import pytest

from facecaption_assets.quality.expectations import Expectation, SuiteResult, validate
from facecaption_assets.quality.suites import (
    attribute_expectations,
    caption_expectations,
    face_expectations,
    synthetic_caption_expectations,
)
from facecaption_assets.schema import TABLES
from tests.changed_tables import counted, rewritten

# Great Expectations imports modules of the standard library that Python 3.11 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

Tables = dict[str, pa.Table]
SUITES = {
    "face_crops": face_expectations(),
    "face_attributes": attribute_expectations(),
    "template_captions": caption_expectations(),
    "synthetic_captions": synthetic_caption_expectations(),
    "llm_captions": caption_expectations(),
}

#: Faults by table: rows, and what they are changed to. Each kind of expectation is broken.
PLANTED: dict[str, list[tuple[int, dict[str, Any]]]] = {
    "face_crops": [
        (0, {"status": "lost", "det_score": 1.5, "yaw_deg": -91.0, "side_px": -1.0}),
        (1, {"roll_deg": math.nan, "brightness": math.inf, "sharpness": -math.inf}),
    ],
    "face_attributes": [
        (0, {"Smiling_prob": 1.5, "num_positive": 41, "face_id": "Bob", "age_years": 140.0}),
        (1, {"Bald": True, "Black_Hair": True, "Male": False, "Goatee": True}),
        (2, {"status": "done", "key": "drawn-00000-\u0660\u0660\u0660\u0660\u0661"}),
        (3, {"status": "failed_to_annotate", "face_id": "drawn-00000-00004-0"}),
        (4, {"face_id": "drawn-00000-00001-0\n", "Young_prob": math.nan}),
    ],
    "template_captions": [
        (0, {"caption": "a man with  brown hair"}),
        (1, {"caption": "A woman doesn\u2019t wear an brown hat."}),
        (2, {"caption_index": 0, "face_id": "drawn-00000-00004-0"}),
        (3, {"caption": "A man with\x1fa hat.\n", "status": "fell_back"}),
        (4, {"caption": None}),
    ],
    "synthetic_captions": [
        (0, {"caption": "two words", "clip_cosine": 25.0}),
        (1, {"caption": "see <b>www.example.com</b> for this"}),
        (2, {"status": "done", "caption": "a\u00a0\u2003wide gap here"}),
    ],
    "llm_captions": [
        (0, {"caption": "She smiles without a beard."}),
        (1, {"caption": "Émile has a long beard.", "key": "x"}),
        (2, {"caption": "Ein Mann mit \u2029 Bart."}),
    ],
}


def planted(asset: str, tables: Tables) -> pa.Table:
    faults = dict(PLANTED[asset])
    numbered = iter(range(tables[asset].num_rows))
    return rewritten(tables[asset], lambda row: row | faults.get(next(numbered), {}))


def verdicts(result: SuiteResult) -> list[tuple[Any, ...]]:
    """What was said, in no order: Great Expectations sorts a suite as it likes."""
    return sorted(
        (
            row.expectation,
            row.column,
            row.severity,
            row.passed,
            round(row.unexpected_percent or 0.0, 9),
        )
        for row in result.rows
    )


def assert_same(table: pa.Table, suite: list[Expectation]) -> SuiteResult:
    ours, theirs = counted(table, suite), validate(table, suite, "suite")
    assert verdicts(ours) == verdicts(theirs)
    assert (ours.passed, ours.has_critical_failure) == (theirs.passed, theirs.has_critical_failure)
    return ours


@pytest.mark.parametrize("asset", SUITES)
def test_a_good_shard_passes(asset: str, tables: Tables) -> None:
    assert counted(tables[asset], SUITES[asset]).passed
    assert counted(TABLES[asset].arrow.empty_table(), SUITES[asset]).passed


@pytest.mark.parametrize("asset", SUITES)
def test_planted_faults_get_the_same_verdicts(asset: str, tables: Tables) -> None:
    result = assert_same(planted(asset, tables), SUITES[asset])
    assert result.has_critical_failure


def test_every_kind_of_expectation_in_use_is_broken_by_a_planted_fault(tables: Tables) -> None:
    broken = {
        row.expectation
        for asset in PLANTED
        for row in counted(planted(asset, tables), SUITES[asset]).rows
        if not row.passed
    }
    used = {f"expect_{rule.type}" for suite in SUITES.values() for rule in suite}
    # A null where there must be none cannot be written: the schema's columns refuse it.
    assert used - broken == {"expect_column_values_to_not_be_null"}


ODD_TEXTS = [
    *("plain text", "two  spaces", "ends\n", "\n", "", " ", "tab\there", "v\x0btab", "unit\x1f"),
    *(
        "no\u00a0break",
        "\u0661\u0662\u0663",
        "\u017f",
        "\u004b",
        "naïve",
        "an hour",
        "an house",
        "A one",
        "a only",
        "a o",
    ),
    *("it's", 'quote"', "back\\slash", "100%", "\x00", None, None),
]
PATTERNS = [
    *(r"^\w+$", r"\s", r"\s\s", r"\d", r"^\S+$", r"(?i)s", r"(?i)k", r"t$", r"^.+$", r"\bo", r"'"),
    *(r"(?i)\b(?:a (?:[aei]|o(?!ne\b))|an (?![aeiou]|hour|hono|heir))", r"(?<=o) ", r"[^ -~]"),
]


@pytest.mark.parametrize("kind", ["match_regex", "not_match_regex"])
def test_patterns_mean_what_they_mean_in_python(kind: str) -> None:
    table = pa.table({"text": pa.array(ODD_TEXTS, pa.string())})
    rules = [
        Expectation(f"column_values_to_{kind}", {"column": "text", "regex": pattern, "mostly": m})
        for pattern in PATTERNS
        for m in (0.4, 1)
    ]
    assert_same(table, rules)


def test_numbers_that_are_missing_or_odd_count_as_they_do_in_pandas() -> None:
    odd = [0.0, -0.0, 1.0, 1.0000001, -1e-9, math.nan, math.inf, -math.inf, None, 0.5]
    table = pa.table(
        {
            "double": pa.array(odd, pa.float64()),
            "float": pa.array(odd, pa.float32()),
            "nothing": pa.array([None] * len(odd), pa.float32()),
            "whole": pa.array([None, *range(-4, 5)], pa.int16()),
        }
    )
    bounds = [(0, 1), (0, None), (None, 0.5), (-1, 1), (None, 0)]
    rules = [
        Expectation(
            "column_values_to_be_between",
            {"column": column, "min_value": low, "max_value": high, "mostly": mostly},
        )
        for column in table.column_names
        for low, high in bounds
        for mostly in (0.5, 1)
    ]
    rules += [
        Expectation("column_values_to_not_be_null", {"column": c}) for c in table.column_names
    ]
    assert_same(table, rules)


@pytest.mark.parametrize("broken", [4, 5, 6])
def test_a_share_at_its_limit_falls_on_the_same_side(broken: int) -> None:
    table = pa.table({"status": ["bad"] * broken + ["good"] * (100 - broken)})
    values = {"column": "status", "value_set": ["bad"]}
    rules = [
        Expectation("column_values_to_not_be_in_set", values | {"mostly": 1 - at_most}, "warning")
        for at_most in (0.04, 0.05, 0.06)
    ]
    assert_same(table, rules)


def test_uniqueness_leaves_out_what_is_missing() -> None:
    table = pa.table(
        {
            "one": ["a", "a", None, None, "b", "c"],
            "other": pa.array([1, 2, None, None, None, None], pa.int16()),
            "third": ["x", "x", None, None, "y", "y"],
        }
    )
    rules = [
        *(Expectation("column_values_to_be_unique", {"column": c}) for c in table.column_names),
        *(
            Expectation("compound_columns_to_be_unique", {"column_list": columns})
            for columns in (["one", "other"], ["other", "third"], ["one", "third"])
        ),
    ]
    assert_same(table, rules)


def test_pairs_are_judged_where_neither_is_missing() -> None:
    states = [True, False, None]
    table = pa.table(
        {"a": [a for a in states for _ in states], "b": [b for _ in states for b in states]}
    )
    arguments = {"column_A": "a", "column_B": "b", "ignore_row_if": "either_value_is_missing"}
    every = [(True, True), (True, False), (False, True), (False, False)]
    rules = [
        Expectation("column_pair_values_to_be_in_set", arguments | {"value_pairs_set": allowed})
        for allowed in (every, every[1:], every[:2], [])
    ]
    assert_same(table, rules)


def test_what_broke_is_counted_and_quoted(tables: Tables) -> None:
    table = tables["llm_captions"]
    first = table["face_id"][0].as_py()
    said = {first: "She smiles without a beard."}
    table = rewritten(table, lambda r: r | {"caption": said.get(r["face_id"], r["caption"])})
    [failed] = [row for row in counted(table, SUITES["llm_captions"]).rows if not row.passed]
    assert failed.observed == f"1 of {table.num_rows} rows: She smiles without a beard."


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Expectation("column_values_to_be_unique", {"column": "name"}), "has no column name"),
        (Expectation("column_max_to_be_between", {"column": "a"}), "expect_column_max_to_be_bet"),
        (
            Expectation(
                "column_values_to_be_between",
                {"column": "a", "min_value": 0, "max_value": 1, "strict_min": True},
            ),
            "strict_min has no SQL",
        ),
        (
            Expectation(
                "column_pair_values_to_be_in_set",
                {"column_A": "a", "column_B": "a", "value_pairs_set": [], "ignore_row_if": "never"},
            ),
            "ignore_row_if has no SQL",
        ),
    ],
)
def test_what_cannot_be_counted_is_refused_by_name(rule: Expectation, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        counted(pa.table({"a": [1.0]}), [rule])
