"""Great Expectations suites: what the columns of each table must look like.

The suites are plain data; holding a table against one belongs to ``expectations``. Rows lost
between two tables belong to ``gates``; rules across columns that a suite cannot say to
``contents``.
"""

from collections.abc import Sequence
from itertools import product
from typing import Final

from facecaption_assets.attributes.resolution import CONTRADICTIONS
from facecaption_assets.attributes.vocabulary import ATTRIBUTES, probability_column
from facecaption_assets.quality import caption_patterns as patterns
from facecaption_assets.quality.expectations import Expectation, Severity
from facecaption_assets.quality.scores.texts import SOURCES
from facecaption_assets.quality.statuses import STATUSES

FACE_ID_PATTERN: Final = r"^.+-\d{5}-\d+$"
KEY_PATTERN: Final = r"^.+-\d{5}$"

#: Longest template caption, words; a rewritten one may be longer where the settings say so.
MAX_TEMPLATE_WORDS: Final = 60


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
