"""Great Expectations suites: what the columns of a labelled or captioned shard must look like.

The suites are plain data; Great Expectations is imported where a table is held against one,
because the import takes seconds. Rows lost between two tables belong to ``gates``; rules across
columns that a suite cannot say to ``contents``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, Literal

import pyarrow as pa

from facecaption_assets.attributes.resolution import CONTRADICTIONS
from facecaption_assets.attributes.vocabulary import ATTRIBUTES, probability_column
from facecaption_assets.quality import caption_patterns as patterns
from facecaption_assets.quality.gates import STATUSES
from facecaption_assets.quality.scores.texts import SOURCES

Severity = Literal["critical", "warning"]

FACE_ID_PATTERN: Final = r"^.+-\d{5}-\d+$"
KEY_PATTERN: Final = r"^.+-\d{5}$"

#: Longest template caption, words; a rewritten one may be longer where the settings say so.
MAX_TEMPLATE_WORDS: Final = 60


@dataclass(frozen=True)
class Expectation:
    """One rule of a suite.

    Attributes:
        type: Great Expectations' name of the rule, without the leading ``expect_``.
        arguments: The rule's arguments, columns included.
        severity: ``critical`` blocks the stages that follow; ``warning`` does not.
    """

    type: str
    arguments: Mapping[str, Any]
    severity: Severity = "critical"

    @property
    def mostly(self) -> float:
        """Smallest share of the rows, of those that it speaks of, that must keep the rule."""
        return float(self.arguments.get("mostly", 1))

    @property
    def columns(self) -> list[str]:
        """Columns that the rule reads."""
        single = [self.arguments.get(name) for name in ("column", "column_A", "column_B")]
        several = self.arguments.get("column_list", ())
        return [name for name in (*single, *several) if name is not None]


@dataclass(frozen=True)
class ExpectationRow:
    """What became of one expectation.

    Attributes:
        expectation: Great Expectations' name of it, such as ``expect_column_values_to_be_unique``.
        column: Column or columns that it speaks of.
        severity: As in the suite.
        passed: Whether it held.
        observed: The observed value, or a few values that broke it.
        unexpected_percent: Share of the non-null values that broke it, percent; None where the
            expectation does not look at single values, or there were none.
    """

    expectation: str
    column: str
    severity: Severity
    passed: bool
    observed: str
    unexpected_percent: float | None


@dataclass(frozen=True)
class SuiteResult:
    """What became of a suite.

    Attributes:
        passed: Whether every expectation held.
        has_critical_failure: Whether one that blocks did not.
        rows: One entry per expectation.
    """

    passed: bool
    has_critical_failure: bool
    rows: list[ExpectationRow]


def face_expectations() -> list[Expectation]:
    """Suite of ``face_crops``; evidence that is not told passes."""
    shares = ("image_share", "max_overlap", "visible_share", "brightness", "dark_share")
    return [
        _in_set("status", STATUSES["face_crops"]),
        *(_between(name, 0, 1) for name in ("det_score", *shares, "bright_share")),
        _between("canny_edge_density", 0, 1),
        _between("roll_deg", -180, 180),
        _between("yaw_deg", -90, 90),
        *(_between(name, 0, None) for name in ("side_px", "sharpness", "colourfulness")),
    ]


def image_score_expectations() -> list[Expectation]:
    """Suite of ``image_scores``; scores that are not told pass."""
    return [
        *_identity(["face_id"]),
        _in_set("status", STATUSES["image_scores"]),
        # A crop of nothing but a dot scores 240: odd, but no reason to hold its shard back.
        _between("brisque", -100, 200, "warning"),
        _between("clip_iqa", 0, 1),
        _rarely("status", ["failed_to_score"], at_most=0.05),
    ]


def attribute_expectations() -> list[Expectation]:
    """Suite of ``face_attributes``."""
    return [
        *_identity(["face_id"]),
        _in_set("status", STATUSES["face_attributes"]),
        _between("num_positive", 0, len(ATTRIBUTES)),
        *(_between(probability_column(name), 0, 1) for name in ATTRIBUTES),
        *(_never(*claim, *other) for claim, other in CONTRADICTIONS),
        _between("age_years", 0, 120, "warning"),
        _rarely("status", ["failed_to_annotate"], at_most=0.05),
    ]


def caption_expectations(max_words: int = MAX_TEMPLATE_WORDS) -> list[Expectation]:
    """Suite of ``template_captions`` and ``llm_captions``; rows without a caption pass.

    Args:
        max_words: Longest rewritten caption, words; a template caption that is fallen back to
            may have ``MAX_TEMPLATE_WORDS`` in any case.
    """
    longest = max(max_words, MAX_TEMPLATE_WORDS)
    return [
        *_identity(["face_id", "caption_index"]),
        _matches("caption", rf"^\S+(?:\s+\S+){{2,{longest - 1}}}$"),
        _matches("caption", r"^[A-Z]"),
        _matches("caption", r"\.$"),
        _avoids("caption", patterns.LAYOUT),
        _avoids("caption", patterns.MARKUP_OR_LINK),
        _avoids("caption", patterns.NEGATION),
        _avoids("caption", patterns.WRONG_ARTICLE, "warning"),
        _rarely("status", ["fell_back"], at_most=0.5),
    ]


def synthetic_caption_expectations() -> list[Expectation]:
    """Suite of ``synthetic_captions``, which are written as the web writes: no full stops."""
    return [
        *_identity(["face_id", "caption_index"]),
        _in_set("status", STATUSES["synthetic_captions"]),
        _matches("caption", rf"^\S+(?:\s+\S+){{2,{MAX_TEMPLATE_WORDS - 1}}}$"),
        _avoids("caption", rf"\s\s|^\s|\s$|[\r\n\t]|{patterns.MARKUP_OR_LINK}"),
        _between("clip_cosine", -1.001, 1.001),
        _rarely("status", ["screened"], at_most=0.5),
    ]


def score_expectations() -> list[Expectation]:
    """Suite of ``image_text_scores``; what has no score passes."""
    cosines = ("crop_cosine", "picture_cosine", "stranger_cosine")
    return [
        *_identity(["face_id", "caption_source", "caption_index"]),
        _in_set("status", STATUSES["image_text_scores"]),
        _in_set("caption_source", SOURCES),
        *(_between(name, -1.001, 1.001) for name in cosines),
        *(_between(name, 0, 2.503) for name in ("crop_clip_s", "picture_clip_s")),
    ]


def validate(table: pa.Table, expectations: Sequence[Expectation], name: str) -> SuiteResult:
    """Hold a table against a suite; an empty table passes.

    Args:
        table: The shard's rows; only the columns that the suite names are copied.
        expectations: What must hold.
        name: Name of the suite.

    Raises:
        ValueError: If the suite names a column that the table does not have.
    """
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    columns = list(dict.fromkeys(column for e in expectations for column in e.columns))
    if missing := [column for column in columns if column not in table.column_names]:
        raise ValueError(f"suite {name} names columns that the table does not have: {missing}")
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batch = (
        context.data_sources.add_pandas("shards")
        .add_dataframe_asset(name)
        .add_batch_definition_whole_dataframe("shard")
        .get_batch(batch_parameters={"dataframe": table.select(columns).to_pandas()})
    )
    configurations = [
        {"type": f"expect_{e.type}", "kwargs": dict(e.arguments), "severity": e.severity}
        for e in expectations
    ]
    suite = gx.ExpectationSuite(name=name, expectations=configurations)
    results = batch.validate(suite, result_format="SUMMARY").results
    rows = [_row(result.to_json_dict()) for result in results]
    failed = [row for row in rows if not row.passed]
    critical = any(row.severity == "critical" for row in failed)
    return SuiteResult(passed=not failed, has_critical_failure=critical, rows=rows)


def _identity(unique: list[str]) -> list[Expectation]:
    return [
        Expectation("column_values_to_be_unique", {"column": unique[0]})
        if len(unique) == 1
        else Expectation("compound_columns_to_be_unique", {"column_list": unique}),
        Expectation("column_values_to_not_be_null", {"column": "face_id"}),
        _matches("face_id", FACE_ID_PATTERN),
        _matches("key", KEY_PATTERN),
    ]


def _between(
    column: str, low: float, high: float | None, severity: Severity = "critical"
) -> Expectation:
    bounds = {"column": column, "min_value": low, "max_value": high}
    return Expectation("column_values_to_be_between", bounds, severity)


def _in_set(column: str, values: Sequence[str]) -> Expectation:
    return Expectation("column_values_to_be_in_set", {"column": column, "value_set": list(values)})


def _never(column: str, state: bool, other: str, other_state: bool) -> Expectation:
    pairs = [pair for pair in product((True, False), repeat=2) if pair != (state, other_state)]
    arguments = {
        "column_A": column,
        "column_B": other,
        "value_pairs_set": pairs,
        "ignore_row_if": "either_value_is_missing",
    }
    return Expectation("column_pair_values_to_be_in_set", arguments)


def _rarely(column: str, values: Sequence[str], at_most: float) -> Expectation:
    arguments = {"column": column, "value_set": list(values), "mostly": 1 - at_most}
    return Expectation("column_values_to_not_be_in_set", arguments, "warning")


def _matches(column: str, regex: str) -> Expectation:
    return Expectation("column_values_to_match_regex", {"column": column, "regex": regex})


def _avoids(column: str, regex: str, severity: Severity = "critical") -> Expectation:
    arguments = {"column": column, "regex": regex}
    return Expectation("column_values_to_not_match_regex", arguments, severity)


def _row(result: Any) -> ExpectationRow:
    config, details = result["expectation_config"], result["result"]
    observed = details.get("observed_value", details.get("partial_unexpected_list", ""))
    raised = result["exception_info"]
    if raised.get("raised_exception", True):  # or one entry per metric that raised
        observed = raised.get("exception_message", raised)
    return ExpectationRow(
        expectation=config["type"],
        column=", ".join(Expectation(config["type"], config["kwargs"]).columns),
        severity=config["severity"],
        passed=bool(result["success"]),
        observed="" if observed in ("", []) else str(observed)[:300],
        unexpected_percent=details.get("unexpected_percent"),
    )
