import pyarrow as pa
import pytest

from facecaption_assets.quality.failures import (
    captioner_available,
    captions_scored,
    faces_annotated,
    faces_captioned,
    requests_answered,
    scores_available,
)
from facecaption_assets.schema import TABLES

FACE = {"key": "s-00000-00000", "split_group": "g", "num_positive": 0, "resolved_conflicts": []}
CAPTION = {
    **{"key": "s-00000-00000", "split_group": "g", "caption_index": 0, "attributes": []},
    **{"num_attempts": 0, "prompt_tokens": 0, "completion_tokens": 0, "style": "normal"},
}
DEAD = {"status": "failed_to_annotate", "error_message": "fake: RuntimeError: the model died"}
REFUSED = {"status": "fell_back", "rejection_reason": "request_refused", "error_message": "grammar"}
UNTRUE = {"status": "fell_back", "rejection_reason": "missing_attribute:Smiling"}


def faces(*rows: dict[str, object]) -> pa.Table:
    return TABLES["face_attributes"].from_rows(
        [{**FACE, "face_id": f"s-00000-00000-{i}", **row} for i, row in enumerate(rows)]
    )


def captions(*rows: dict[str, object]) -> pa.Table:
    return TABLES["llm_captions"].from_rows(
        [{**CAPTION, "face_id": f"s-00000-00000-{i}", **row} for i, row in enumerate(rows)]
    )


GOOD = {"status": "labelled"}
OUT = {"status": "opted_out"}


@pytest.mark.parametrize(
    ("rows", "passed"),
    [
        ([], True),
        ([OUT], True),
        ([DEAD], False),
        ([DEAD, GOOD], True),
        ([DEAD, GOOD, OUT], True),
        ([DEAD, DEAD, GOOD], False),
        ([DEAD, OUT, OUT], False),
    ],
)
def test_an_annotator_that_mostly_fails_is_at_fault(
    rows: list[dict[str, object]], passed: bool
) -> None:
    assert faces_annotated(faces(*rows)).passed is passed


def test_the_reason_quotes_the_first_failure() -> None:
    outcome = faces_annotated(faces(DEAD, DEAD))
    assert outcome.reason == (
        "2 of 2 faces could not be annotated (100%); at most 50% may; "
        "the first says: fake: RuntimeError: the model died"
    )
    assert outcome.numbers == {"tried": 2, "failed": 2, "share": 1.0}


@pytest.mark.parametrize(
    ("rows", "passed"),
    [
        ([], True),
        ([OUT], True),
        ([REFUSED], False),
        ([REFUSED, {"status": "accepted"}], True),
        ([REFUSED, {"status": "repaired"}], True),
        ([REFUSED, REFUSED, UNTRUE], False),
        ([UNTRUE, UNTRUE], True),
    ],
)
def test_an_endpoint_that_mostly_refuses_is_at_fault(
    rows: list[dict[str, object]], passed: bool
) -> None:
    assert requests_answered(captions(*rows)).passed is passed


def drawn(*rows: dict[str, object]) -> pa.Table:
    same = {"key": "s-00000-00000", "split_group": "g", "caption_index": 0, "temperature": 0.75}
    return TABLES["synthetic_captions"].from_rows(
        [{**same, "face_id": f"s-00000-00000-{i}", **row} for i, row in enumerate(rows)]
    )


DIED = {"status": "failed_to_caption", "error_message": "blip: RuntimeError: the model died"}
OFF = {"status": "unavailable", "error_message": "no captioner: CaptionerSettings.model is empty"}
TOLD = {"status": "captioned", "caption": "a woman in a hat"}


@pytest.mark.parametrize(
    ("rows", "passed"),
    [([], True), ([OFF, OFF], True), ([DIED, TOLD], True), ([DIED, OUT], False)],
)
def test_a_captioner_that_mostly_fails_is_at_fault(
    rows: list[dict[str, object]], passed: bool
) -> None:
    assert faces_captioned(drawn(*rows)).passed is passed


def test_a_captioner_that_is_off_is_told_with_its_setting() -> None:
    outcome = captioner_available(drawn(OFF, OUT))
    assert not outcome.passed
    assert outcome.reason == (
        "Off: no captioner: CaptionerSettings.model is empty; 1 rows have no caption."
    )


@pytest.mark.parametrize("rows", [[], [TOLD, OUT]])
def test_a_captioner_that_looked_is_available(rows: list[dict[str, object]]) -> None:
    assert captioner_available(drawn(*rows)).passed


def scores(*rows: dict[str, object]) -> pa.Table:
    same = {"key": "s-00000-00000", "split_group": "g", "caption_source": "llm"}
    return TABLES["image_text_scores"].from_rows(
        [
            {**same, "caption_index": 0, "face_id": f"s-00000-00000-{i}", **row}
            for i, row in enumerate(rows)
        ]
    )


SCORED = {"status": "scored"}
UNSEEN = {"status": "failed_to_decode", "error_message": "the crop's pixels are missing"}
UNREAD = {"status": "failed_to_score", "error_message": "clip: RuntimeError: the model died"}


@pytest.mark.parametrize(
    ("rows", "passed"),
    [([], True), ([SCORED, UNSEEN], True), ([SCORED, UNSEEN, UNREAD], False), ([UNREAD], False)],
)
def test_a_clip_that_mostly_fails_is_at_fault(rows: list[dict[str, object]], passed: bool) -> None:
    assert captions_scored(scores(*rows)).passed is passed


def test_a_clip_that_is_off_is_told_with_its_setting() -> None:
    off = {"status": "unavailable", "error_message": "no CLIP: a setting is empty"}
    assert scores_available(scores(SCORED, OUT)).passed
    outcome = scores_available(scores(off, off))
    assert not outcome.passed
    assert outcome.reason == "Off: no CLIP: a setting is empty; 2 rows have no score."
