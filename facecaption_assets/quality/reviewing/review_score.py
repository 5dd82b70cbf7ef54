"""What a review says, as values, and the file from which the report reads it.

How the values come about belongs to ``scoring``.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from upath import UPath

from facecaption_assets.quality.reviewing.review_key import SCHEMA_VERSION
from facecaption_assets.storage import Storage


@dataclass(frozen=True)
class Rate:
    """How many captions something is said of.

    Attributes:
        name: What is said: a question, or an attribute.
        captions: Captions that were judged.
        share: Of them, in [0, 1]; each stratum counts by its faces in the dataset, each caption by
            the share of its reviewers who said so.
        low: Lower bound of Wilson's 95 % interval.
        high: Upper bound.
    """

    name: str
    captions: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class GroupRates:
    """Rates of a part of a source's captions.

    Attributes:
        column: ``predicted_sex``, ``predicted_age`` or ``status``.
        value: Which part.
        captions: Captions of it that were judged.
        rates: One per question.
    """

    column: str
    value: str
    captions: int
    rates: list[Rate]


@dataclass(frozen=True)
class SourceRates:
    """Rates of one caption source.

    Attributes:
        source: The source.
        captions: Captions that were judged.
        rates: One per question.
        wrong: How often captions that name an attribute name it wrongly, most often first.
        missing: How often captions that do not name it lack it, most often first.
        groups: The same questions by predicted sex, by predicted age and by status.
    """

    source: str
    captions: int
    rates: list[Rate]
    wrong: list[Rate]
    missing: list[Rate]
    groups: list[GroupRates]


@dataclass(frozen=True)
class Agreement:
    """How far reviewers agree on a question.

    Attributes:
        name: The question.
        level: How answers are compared: ``ordinal`` or ``nominal``.
        captions: Captions that at least two reviewers judged.
        alpha: Krippendorff's alpha; None where it is not defined.
        why_undefined: Empty where it is.
    """

    name: str
    level: str
    captions: int
    alpha: float | None
    why_undefined: str


@dataclass(frozen=True)
class ReviewScore:
    """A review with all its reviewers.

    Attributes:
        review: Its id.
        reviewers: Answers that count, by pseudonym.
        captions: Captions on the page.
        judged: Captions that count and that somebody judged.
        left_out: Answers about faces that are not shown any more, or captions that the review no
            longer has.
        sources: One per caption source that was judged.
        agreement: One per question.
    """

    review: str
    reviewers: dict[str, int]
    captions: int
    judged: int
    left_out: int
    sources: list[SourceRates]
    agreement: list[Agreement]


def score_path(storage: Storage) -> UPath:
    """Where the last score is kept."""
    return storage.reports / "review.json"


def write_score(storage: Storage, score: ReviewScore) -> UPath:
    """Keep a score for the report, in place of an earlier one; returns where."""
    content = {"schema_version": SCHEMA_VERSION, **asdict(score)}
    storage.write_text(score_path(storage), json.dumps(content, indent=1) + "\n")
    return score_path(storage)


def score_version(storage: Storage) -> str:
    """Tells one score from another; empty where there is none."""
    path = score_path(storage)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else ""


def read_score(storage: Storage) -> ReviewScore | None:
    """The score for the report; None where there is none of this version."""
    path = score_path(storage)
    if not path.exists():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    if content.pop("schema_version", None) != SCHEMA_VERSION:
        return None
    content["sources"] = [_source(entry) for entry in content["sources"]]
    content["agreement"] = [Agreement(**entry) for entry in content["agreement"]]
    return ReviewScore(**content)


def _source(entry: Mapping[str, Any]) -> SourceRates:
    groups = [
        GroupRates(**{**group, "rates": [Rate(**rate) for rate in group["rates"]]})
        for group in entry["groups"]
    ]
    lists = {name: [Rate(**rate) for rate in entry[name]] for name in ("rates", "wrong", "missing")}
    return SourceRates(**{**entry, **lists, "groups": groups})
