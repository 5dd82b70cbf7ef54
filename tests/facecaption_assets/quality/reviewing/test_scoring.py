from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from facecaption_assets.quality.intervals import wilson_interval
from facecaption_assets.quality.reviewing.answers import Answer, AnswersError, ReviewerAnswers
from facecaption_assets.quality.reviewing.review_key import ReviewItem, ReviewKey, Stratum
from facecaption_assets.quality.reviewing.review_score import Rate, ReviewScore, SourceRates
from facecaption_assets.quality.reviewing.scoring import score_review


def item(
    name: str, sex: str = "female", sources: Iterable[str] = ("llm",), **fields: Any
) -> ReviewItem:
    given: dict[str, Any] = {
        "caption": "She is smiling.",
        "statuses": ["accepted" for _ in sources],
        "named": ["Smiling"],
        "predicted_age": "20 to 39",
    }
    place = {"face_id": f"face-{name}", "shard": "s", "sha256": "0"}
    given |= {"id": name, "sources": list(sources), "predicted_sex": sex, **place, **fields}
    return ReviewItem(**given)


def answer(name: str, **fields: Any) -> Answer:
    given: dict[str, Any] = {"naturalness": 5, "grammatical": True, "relevance": 5}
    given |= {"wrong": frozenset(), "missing": frozenset(), **fields}
    return Answer(item=name, **given)


def reviewer(name: str, *answers: Answer) -> ReviewerAnswers:
    return ReviewerAnswers(Path(f"{name}.json"), "r", name, {a.item: a for a in answers})


def score(
    items: list[ReviewItem],
    *files: ReviewerAnswers,
    strata: Mapping[tuple[str, str], int] | None = None,
    shown: set[str] | None = None,
) -> ReviewScore:
    found = strata or {(s, each.predicted_sex): 10 for each in items for s in each.sources}
    key = ReviewKey("r", items, [Stratum(*place, faces) for place, faces in found.items()])
    faces = {each.face_id for each in items} if shown is None else shown
    return score_review(key, files, faces)


def rate(found: SourceRates, name: str) -> Rate:
    [one] = [each for each in found.rates if each.name == name]
    return one


def test_rates_count_captions_with_wilsons_interval() -> None:
    items = [item(str(i)) for i in range(10)]
    answers = [
        answer(str(i), naturalness=4 if i < 7 else 3, relevance=i % 5 + 1) for i in range(10)
    ]
    found = score(items, reviewer("otter", *answers))
    [source] = found.sources
    natural = rate(source, "natural")
    assert (natural.captions, natural.share) == (10, 0.7)
    assert (natural.low, natural.high) == pytest.approx(wilson_interval(0.7, 10))
    assert rate(source, "relevant").share == pytest.approx(0.4)
    assert rate(source, "grammatical").share == 1
    assert (found.captions, found.judged, found.reviewers) == (10, 10, {"otter": 10})


def test_each_predicted_sex_counts_by_its_faces_in_the_dataset() -> None:
    items = [item("a", "female"), item("b", "male"), item("c", "male")]
    answers = reviewer("otter", answer("a", grammatical=False), answer("b"), answer("c"))
    strata = {("llm", "female"): 90, ("llm", "male"): 10}
    [source] = score(items, answers, strata=strata).sources
    found = rate(source, "grammatical")
    assert found.share == pytest.approx(0.1)
    effective = 100**2 / (90**2 + 5**2 + 5**2)  # One caption speaks for nine in ten.
    assert (found.low, found.high) == pytest.approx(wilson_interval(0.1, effective))


def test_a_caption_counts_once_however_many_judged_it() -> None:
    items = [item("a"), item("b")]
    files = [reviewer(f"r{i}", answer("a", grammatical=i == 0)) for i in range(4)]
    files[0] = reviewer("r0", answer("a"), answer("b"))
    [source] = score(items, *files).sources
    found = rate(source, "grammatical")
    assert (found.captions, found.share) == (2, (0.25 + 1) / 2)


def test_a_text_of_two_sources_counts_for_both() -> None:
    items = [item("a", sources=("template", "llm")), item("b", sources=("llm",))]
    found = score(items, reviewer("otter", answer("a", naturalness=1), answer("b")))
    assert {s.source: rate(s, "natural").share for s in found.sources} == {
        "template": 0,
        "llm": 0.5,
    }


def test_wrong_attributes_are_counted_among_captions_that_name_them() -> None:
    items = [item("a"), item("b"), item("c", caption="A smile.", named=["Smiling", "Bangs"])]
    answers = reviewer(
        "otter",
        answer("a", wrong=frozenset({"Male"})),
        answer("b", wrong=frozenset({"Smiling", "something_else"}), missing=frozenset({"Bangs"})),
        answer("c"),
    )
    [source] = score(items, answers).sources
    assert [(r.name, r.captions, r.share) for r in source.wrong] == [
        ("Male", 2, 0.5),
        ("Smiling", 3, pytest.approx(1 / 3)),
        ("something_else", 3, pytest.approx(1 / 3)),
        ("Bangs", 1, 0),
    ]
    assert [(r.name, r.captions, r.share) for r in source.missing] == [("Bangs", 2, 0.5)]
    assert rate(source, "wrong").share == pytest.approx(2 / 3)


def test_groups_are_told_apart_where_there_are_two() -> None:
    items = [item("a", "female"), item("b", "male"), item("c", "male", statuses=["fell_back"])]
    answers = reviewer("otter", answer("a", grammatical=False), answer("b"), answer("c"))
    [source] = score(items, answers).sources
    grammatical = {(g.column, g.value): (g.captions, g.rates[1].share) for g in source.groups}
    assert grammatical == {
        ("predicted_sex", "female"): (1, 0),
        ("predicted_sex", "male"): (2, 1),
        ("status", "accepted"): (2, pytest.approx(1 / 3)),
        ("status", "fell_back"): (1, 1),
    }


def test_agreement_is_of_captions_with_two_answers() -> None:
    items = [item("a"), item("b"), item("c")]
    one = reviewer("one", answer("a"), answer("b", naturalness=1), answer("c", naturalness=2))
    two = reviewer("two", answer("a"), answer("b", naturalness=1))
    found = {each.name: each for each in score(items, one, two).agreement}
    assert (found["naturalness"].alpha, found["naturalness"].captions) == (1, 2)
    assert found["naturalness"].level == "ordinal"
    assert found["grammatical"].alpha is None
    assert found["grammatical"].why_undefined == "all answers are the same"


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([reviewer("one", answer("a"), answer("b"))], "one reviewer"),
        (
            [reviewer("one", answer("a")), reviewer("two", answer("b"))],
            "no caption has two answers",
        ),
    ],
)
def test_agreement_says_why_it_is_not_defined(files: list[ReviewerAnswers], why: str) -> None:
    found = score([item("a"), item("b")], *files).agreement
    assert {(each.alpha, each.why_undefined) for each in found} == {(None, why)}


def test_answers_about_faces_that_are_not_shown_any_more_do_not_count() -> None:
    items = [item("a"), item("b")]
    file = reviewer("otter", answer("a", grammatical=False), answer("b"), answer("of another page"))
    found = score(items, file, shown={"face-b"})
    assert (found.judged, found.left_out, found.reviewers) == (1, 2, {"otter": 1})
    assert rate(found.sources[0], "grammatical").share == 1


def test_an_attribute_that_the_caption_does_not_name_cannot_be_wrong() -> None:
    file = reviewer("otter", answer("a", wrong=frozenset({"Bangs"})))
    with pytest.raises(AnswersError, match=r"otter.json: wrong names 'Bangs' of item 'a'"):
        score([item("a")], file)


def test_a_review_without_an_answer_that_counts_is_refused() -> None:
    with pytest.raises(AnswersError, match="no answer is about a caption that review r shows"):
        score([item("a")], reviewer("otter", answer("b")))
