import numpy as np
import pytest

from facecaption_assets.quality.people.estimates import MIN_CLUSTERS, Moments
from facecaption_assets.quality.people.findings import compare_shares
from facecaption_assets.quality.people.judging import (
    judge_steps,
    tables_keep_people_alike,
)
from facecaption_assets.quality.settings import QualitySettings
from tests.invented_people import Face, make_tables

SETTINGS = QualitySettings()


def people(women: dict, men: dict, count: int = 100) -> list:
    """As many women as men; the first quarter of each meets the given fate."""
    return [
        Face(male=male, **(fate if index < count / 4 else {}))
        for male, fate in ((False, women), (True, men))
        for index in range(count)
    ]


@pytest.mark.parametrize(
    ("fate", "step"),
    [
        ({"labels": "too_few_labels"}, "labelled"),
        ({"captions": ("no_attributes",)}, "captioned"),
        ({"rewrites": ("fell_back",)}, "rewritten"),
    ],
)
def test_stage_that_drops_women_is_named(fate: dict, step: str) -> None:
    outcome = tables_keep_people_alike(make_tables(people(fate, {})), SETTINGS)
    assert not outcome.passed
    assert f"{step} by predicted_sex: female 75.0% of 100, male 100.0% of 100" in outcome.reason
    assert outcome.reason.endswith("min_parity is 0.8, max_group_difference 0.2.")
    assert outcome.numbers["lowest_ratio"] == 0.75


@pytest.mark.parametrize(
    "fate",
    [
        {"labels": "too_few_labels"},
        {"captions": ("no_attributes",)},
        {"rewrites": ("fell_back",)},
    ],
)
def test_stage_that_drops_both_alike_is_not(fate: dict) -> None:
    outcome = tables_keep_people_alike(make_tables(people(fate, fate)), SETTINGS)
    assert outcome.passed
    assert outcome.reason == "No group is dropped far more than another at 4 steps."


def test_stage_that_drops_the_old_is_named() -> None:
    faces = [
        Face(
            age=70.0 if old else 30.0, labels="too_few_labels" if old and index % 2 else "labelled"
        )
        for old in (True, False)
        for index in range(100)
    ]
    outcome = tables_keep_people_alike(make_tables(faces), SETTINGS)
    assert "labelled by predicted_age: 60 and over 50.0% of 100" in outcome.reason


def test_dropping_crops_of_a_stated_skin_tone_is_named() -> None:
    faces = [
        Face(tone=tone, drop_reason="too_dark" if tone == "VI" and index % 2 else None)
        for tone in ("I", "VI")
        for index in range(100)
    ]
    outcome = tables_keep_people_alike(make_tables(faces), SETTINGS)
    assert "kept by stated_skin_tone: VI 50.0% of 100, I 100.0% of 100" in outcome.reason


def test_skin_tones_are_not_judged_where_the_setting_is_empty() -> None:
    faces = [Face(tone=tone, drop_reason=drop) for tone, drop in (("I", None), ("VI", "too_dark"))]
    settings = QualitySettings(skin_tone_field="")
    assert tables_keep_people_alike(make_tables(faces * 100), settings).passed


def test_faces_of_unknown_sex_are_not_compared() -> None:
    faces = [Face(male=male) for male in (True, False) for _ in range(50)]
    faces += [Face(male=None, labels="too_few_labels") for _ in range(50)]
    # Their ages are estimated: they are of the one age group.
    assert tables_keep_people_alike(make_tables(faces), SETTINGS).passed


@pytest.mark.parametrize("people_of_each", [1, MIN_CLUSTERS - 1])
def test_few_people_decide_nothing_however_many_faces_they_have(people_of_each: int) -> None:
    faces = [
        Face(
            male=male,
            person=f"{male} {index % people_of_each}",
            labels="labelled" if male else "too_few_labels",
        )
        for male in (True, False)
        for index in range(200)
    ]
    outcome = tables_keep_people_alike(make_tables(faces), SETTINGS)
    assert outcome.passed
    assert outcome.numbers["steps_compared"] == 0


def test_empty_shard_has_nothing_to_compare() -> None:
    outcome = tables_keep_people_alike({}, SETTINGS)
    assert outcome.passed
    assert outcome.reason.startswith("No two groups of people have 30 split groups")


def shares(kept: dict[str, float], size: int) -> dict[str, Moments]:
    return {
        group: Moments(size, share * size, size, share * size, share * size, size)
        for group, share in kept.items()
    }


@pytest.mark.parametrize(
    ("female", "male", "passed"),
    [
        (0.90, 0.99, False),  # ratio 0.91, but ten times as many dropped
        (0.97, 0.99, True),
        (0.05, 0.10, False),  # h is 0.19, but half as many kept
        (0.45, 0.50, True),
        (0.30, 0.50, False),
    ],
)
def test_difference_counts_where_most_are_kept_and_where_few_are(
    female: float, male: float, passed: bool
) -> None:
    step = compare_shares("labelled", "", shares({"female": female, "male": male}, 10_000))
    assert judge_steps({"predicted_sex": [step]}, SETTINGS).passed is passed


def test_limits_are_the_settings() -> None:
    step = compare_shares("labelled", "", shares({"female": 0.3, "male": 0.5}, 10_000))
    lenient = QualitySettings(min_parity=0.5, max_group_difference=0.5)
    assert judge_steps({"predicted_sex": [step]}, lenient).passed


def test_equal_treatment_hardly_ever_warns_and_unequal_nearly_always() -> None:
    random = np.random.default_rng(11)

    def step(name: str, shares_kept: list[float], pictures: int = 6, crowd: int = 60):
        counted = {}
        for group, share in enumerate(shares_kept):
            # People differ: one's pictures share their fate more often than not.
            fates = random.beta(share, 1 - share, crowd)
            y = random.binomial(pictures, fates)
            size = crowd * pictures
            counted[f"group {group}"] = Moments(
                size,
                int(y.sum()),
                crowd,
                int((y * y).sum()),
                int((y * pictures).sum()),
                crowd * pictures**2,
            )
        return compare_shares(name, "", counted)

    def alarms(shares_kept: list[float]) -> int:
        return sum(
            not judge_steps(
                {"predicted_age": [step(f"step {i}", shares_kept) for i in range(5)]}, SETTINGS
            ).passed
            for _ in range(400)
        )

    assert alarms([0.8, 0.8, 0.8, 0.8]) <= 8
    assert alarms([0.8, 0.8, 0.8, 0.2]) >= 392


@pytest.mark.parametrize("field", [".", "a..b", "a.", 'a"b', "$[*]", "a'b"])
def test_field_that_is_no_path_of_names_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match="skin_tone_field"):
        QualitySettings(skin_tone_field=field)


@pytest.mark.parametrize("setting", [{"min_parity": 1.1}, {"max_group_difference": -0.1}])
def test_limits_outside_their_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(setting))):
        QualitySettings(**setting)
