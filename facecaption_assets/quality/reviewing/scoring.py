"""Answers of reviewers → rates per source, with intervals, and how far reviewers agree.

Captions are drawn evenly from strata, so each stratum counts by its faces in the dataset. A caption
is one observation, however many reviewers judged it. Reading answers belongs to ``answers``.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from facecaption_assets.quality.intervals import wilson_interval
from facecaption_assets.quality.reviewing.agreement import Level, krippendorff_alpha
from facecaption_assets.quality.reviewing.answers import Answer, AnswersError, ReviewerAnswers
from facecaption_assets.quality.reviewing.review_key import (
    SOMETHING_ELSE,
    ReviewItem,
    ReviewKey,
)
from facecaption_assets.quality.reviewing.review_score import (
    Agreement,
    GroupRates,
    Rate,
    ReviewScore,
    SourceRates,
)
from facecaption_assets.schema import ATTRIBUTE_COLUMNS

_Says = Callable[[Answer], bool]

_QUESTIONS: Final[Mapping[str, _Says]] = {
    "natural": lambda answer: answer.is_natural,
    "grammatical": lambda answer: answer.grammatical,
    "relevant": lambda answer: answer.is_relevant,
    "wrong": lambda answer: bool(answer.wrong),
    "missing": lambda answer: bool(answer.missing),
}

_COMPARED: Final[Mapping[str, tuple[Level, Callable[[Answer], int]]]] = {
    "naturalness": (Level.ORDINAL, lambda answer: answer.naturalness),
    "grammatical": (Level.NOMINAL, lambda answer: answer.grammatical),
    "relevance": (Level.ORDINAL, lambda answer: answer.relevance),
    "wrong": (Level.NOMINAL, lambda answer: bool(answer.wrong)),
    "missing": (Level.NOMINAL, lambda answer: bool(answer.missing)),
}


@dataclass(frozen=True)
class _Judged:
    """A caption of one source with its answers, and how much it counts."""

    item: ReviewItem
    answers: Sequence[Answer]
    status: str
    weight: float

    def share(self, says: _Says) -> float:
        return sum(says(answer) for answer in self.answers) / len(self.answers)


def score_review(
    key: ReviewKey, files: Sequence[ReviewerAnswers], shown: Collection[str]
) -> ReviewScore:
    """Score a review.

    Args:
        key: The review.
        files: Its answers, one file per reviewer.
        shown: Faces that may be shown; answers about others do not count.

    Raises:
        AnswersError: If a file calls an attribute wrong that the caption does not name, or no
            answer counts.
    """
    items = {item.id: item for item in key.items if item.face_id in shown}
    for file in files:
        _require_named(file, items)
    by_item = {
        id_: answers
        for id_ in items
        if (answers := [file.answers[id_] for file in files if id_ in file.answers])
    }
    if not by_item:
        raise AnswersError(f"no answer is about a caption that review {key.review} shows")
    counted = {file.reviewer: len(file.answers.keys() & items.keys()) for file in files}
    return ReviewScore(
        review=key.review,
        reviewers=counted,
        captions=len(key.items),
        judged=len(by_item),
        left_out=sum(len(file.answers) for file in files) - sum(counted.values()),
        sources=_rate_sources(key, items, by_item),
        agreement=[_compare(name, list(by_item.values()), len(files)) for name in _COMPARED],
    )


def _require_named(file: ReviewerAnswers, items: Mapping[str, ReviewItem]) -> None:
    for id_, answer in file.answers.items():
        if id_ not in items:
            continue
        if extra := answer.wrong - {*items[id_].may_be_wrong, SOMETHING_ELSE}:
            raise AnswersError(
                f"{file.path}: wrong names {min(extra)!r} of item {id_!r}, whose caption does not"
            )


def _rate_sources(
    key: ReviewKey,
    items: Mapping[str, ReviewItem],
    by_item: Mapping[str, Sequence[Answer]],
) -> list[SourceRates]:
    sources = dict.fromkeys(stratum.source for stratum in key.strata)
    weighed = {source: _weigh(key, source, items, by_item) for source in sources}
    return [_rate_source(source, judged) for source, judged in weighed.items() if judged]


def _weigh(
    key: ReviewKey,
    source: str,
    items: Mapping[str, ReviewItem],
    by_item: Mapping[str, Sequence[Answer]],
) -> list[_Judged]:
    """Judged captions of a source; those of a stratum share the weight of its faces."""
    faces = {s.predicted_sex: s.faces for s in key.strata if s.source == source}
    strata: dict[str, list[ReviewItem]] = defaultdict(list)
    for id_ in by_item:
        if source in items[id_].sources:
            strata[items[id_].predicted_sex].append(items[id_])
    return [
        _Judged(
            item,
            by_item[item.id],
            item.statuses[item.sources.index(source)],
            faces[sex] / len(members),
        )
        for sex, members in strata.items()
        for item in members
    ]


def _rate_source(source: str, judged: Sequence[_Judged]) -> SourceRates:
    return SourceRates(
        source=source,
        captions=len(judged),
        rates=_rate_questions(judged),
        wrong=_rate_wrong(judged),
        missing=_rate_missing(judged),
        groups=[
            *_rate_groups("predicted_sex", judged, lambda each: each.item.predicted_sex),
            *_rate_groups("predicted_age", judged, lambda each: each.item.predicted_age),
            *_rate_groups("status", judged, lambda each: each.status),
        ],
    )


def _rate_groups(
    column: str, judged: Sequence[_Judged], value_of: Callable[[_Judged], str]
) -> list[GroupRates]:
    """Rates of each value of a column; none where all captions have the same one."""
    members: dict[str, list[_Judged]] = defaultdict(list)
    for each in judged:
        members[value_of(each)].append(each)
    if len(members) < 2:
        return []
    return [
        GroupRates(column, value, len(group), _rate_questions(group))
        for value, group in sorted(members.items())
    ]


def _rate_questions(judged: Sequence[_Judged]) -> list[Rate]:
    return [_rate(name, judged, says) for name, says in _QUESTIONS.items()]


def _rate_wrong(judged: Sequence[_Judged]) -> list[Rate]:
    rates = [_rate(SOMETHING_ELSE, judged, _calls_wrong(SOMETHING_ELSE))]
    for name in ATTRIBUTE_COLUMNS:
        if naming := [each for each in judged if name in each.item.may_be_wrong]:
            rates.append(_rate(name, naming, _calls_wrong(name)))
    return sorted(rates, key=lambda rate: (-rate.share, rate.name))


def _rate_missing(judged: Sequence[_Judged]) -> list[Rate]:
    """Rates of the attributes that somebody missed."""
    missed = {name for each in judged for answer in each.answers for name in answer.missing}
    rates = []
    for name in sorted(missed):
        without = [each for each in judged if name not in each.item.named]
        if without:
            rates.append(_rate(name, without, _misses(name)))
    return sorted(rates, key=lambda rate: (-rate.share, rate.name))


def _calls_wrong(name: str) -> _Says:
    return lambda answer: name in answer.wrong


def _misses(name: str) -> _Says:
    return lambda answer: name in answer.missing


def _rate(name: str, judged: Sequence[_Judged], says: _Says) -> Rate:
    """Weighted share of captions, with an interval for as many as the weights are worth.

    Source of the effective number: Kish, Survey Sampling (1965), (Σw)² / Σw².
    """
    total = sum(each.weight for each in judged)
    share = min(1.0, sum(each.weight * each.share(says) for each in judged) / total)
    effective = total**2 / sum(each.weight**2 for each in judged)
    return Rate(name, len(judged), share, *wilson_interval(share, effective))


def _compare(name: str, answered: Sequence[Sequence[Answer]], reviewers: int) -> Agreement:
    level, value_of = _COMPARED[name]
    units = [[value_of(answer) for answer in answers] for answers in answered if len(answers) > 1]
    alpha = krippendorff_alpha(units, level)
    why = ""
    if alpha is None:
        why = "all answers are the same"
        if not units:
            why = "one reviewer" if reviewers == 1 else "no caption has two answers"
    return Agreement(name, str(level), len(units), alpha, why)
