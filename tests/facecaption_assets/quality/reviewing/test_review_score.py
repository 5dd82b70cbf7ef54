import json

import pytest

from facecaption_assets.quality.reviewing.review_score import (
    Agreement,
    GroupRates,
    Rate,
    ReviewScore,
    SourceRates,
    read_score,
    score_path,
    write_score,
)
from facecaption_assets.quality.templating import environment
from facecaption_assets.storage import Storage


@pytest.fixture
def score() -> ReviewScore:
    rates = [Rate("natural", 12, 0.75, 0.4676, 0.9111), Rate("wrong", 12, 0.5, 0.25, 0.75)]
    wrong = [Rate("Wavy_Hair", 4, 0.25, 0.05, 0.7)]
    group = GroupRates("predicted_sex", "female", 6, rates)
    agreement = [
        Agreement("naturalness", "ordinal", 9, 0.6123, ""),
        Agreement("grammatical", "nominal", 9, None, "all answers are the same"),
    ]
    sources = [SourceRates("llm", 12, rates, wrong, [], [group])]
    return ReviewScore("llm-20-0", {"otter": 12, "heron": 9}, 20, 12, 3, sources, agreement)


def test_a_score_is_read_as_it_was_written(score: ReviewScore, storage: Storage) -> None:
    assert read_score(storage) is None
    assert write_score(storage, score) == score_path(storage)
    assert read_score(storage) == score


def test_a_score_of_another_version_is_not_shown(score: ReviewScore, storage: Storage) -> None:
    path = write_score(storage, score)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 0}))
    assert read_score(storage) is None


def test_the_reports_section_says_rates_intervals_and_agreement(score: ReviewScore) -> None:
    section = environment().get_template("review_scores.html").render(review=score)
    for said in (
        *("2 reviewers judged 12 of 20", "75%<small>47% to 91%</small>", "Wavy Hair"),
        *("0.61", "not defined: all answers are the same", "any more: 3 of the answers"),
    ):
        assert said in section


def test_the_reports_section_is_empty_without_a_review() -> None:
    assert environment().get_template("review_scores.html").render(review=None).strip() == ""
