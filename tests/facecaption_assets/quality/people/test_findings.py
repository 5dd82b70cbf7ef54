"""Counts in DuckDB against the same counts in plain Python, on people drawn by lot."""

import json
import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterator

import duckdb
import pytest

from facecaption_assets.quality.people.findings import Comparison, People, find_people
from facecaption_assets.schema import DATASET_TABLES, DUPLICATE_FACES, TABLES
from tests.invented_people import Face, make_tables

FIELD = "demographics.skin_tone"


@pytest.fixture
def find() -> Iterator[Callable[..., People]]:
    """Function from faces, and ids of worse copies, to what is found."""
    with duckdb.connect() as connection:

        def run(faces, copies=(), field: str = FIELD) -> People:
            tables = make_tables(faces)
            copied = [
                {"face_id": face_id, "group_id": "x", "is_kept": False}
                | {"distance": 0, "reason": "exact", "sha256": ""}
                for face_id in copies
            ]
            tables["duplicate_faces"] = DUPLICATE_FACES.from_rows(copied)
            for name, table in (TABLES | DATASET_TABLES).items():
                connection.register(name, tables.get(name, table.arrow.empty_table()))
            return find_people(connection, field)

        yield run


def drawn_faces(count: int = 400) -> list:
    lot = random.Random(5)
    return [
        Face(
            male=lot.choice([True, False, None]),
            age=lot.choice([12.0, 20.0, 39.9, 40.0, 61.0, None]),
            tone=lot.choice(["I", "IV", None]),
            person=f"person {lot.randrange(90)}",
            drop_reason=lot.choice([None, None, None, "too_small", "opted_out"]),
            labels=lot.choice(["labelled"] * 4 + ["too_few_labels", "failed_to_annotate"]),
            captions=lot.choice([("captioned",), ("no_attributes",), ("captioned",) * 2]),
            rewrites=lot.choice([("accepted",) * 2, ("fell_back",) * 2, ("fell_back", "accepted")]),
            caption=lot.choice(["One two.", "One two three four."]),
            smiling=lot.choice([True, False, None]),
        )
        for _ in range(count)
    ]


def sex(face) -> str:
    judged = face.drop_reason is None and face.labels != "failed_to_annotate"
    return {True: "male", False: "female", None: "unknown"}[face.male if judged else None]


def shares(comparison: Comparison) -> dict[str, tuple[int, float, int]]:
    return {
        group: (e.size, pytest.approx(e.value), e.clusters)
        for group, e in comparison.groups.items()
    }


def by_name(compared: list[Comparison]) -> dict[str, Comparison]:
    return {comparison.name: comparison for comparison in compared}


def naive(faces: list, group_of, passed) -> dict[str, tuple[int, float, int]]:
    groups: dict[str, list] = {}
    for each in faces:
        groups.setdefault(group_of(each), []).append(each)
    return {
        group: (
            len(members),
            statistics.fmean(passed(m) for m in members),
            len({m.person for m in members}),
        )
        for group, members in groups.items()
    }


def test_steps_and_reasons_equal_a_naive_count(find) -> None:
    faces = drawn_faces()
    factor = find(faces).factors[0]
    kept = [f for f in faces if f.drop_reason is None]
    labelled = [f for f in kept if f.labels == "labelled"]
    captioned = [f for f in labelled if "captioned" in f.captions]
    steps, reasons = by_name(factor.steps), by_name(factor.reasons)

    def accepted(f) -> bool:
        return "accepted" in f.rewrites[: len(f.captions)]

    assert factor.factor == "predicted_sex"
    assert factor.faces == Counter(sex(f) for f in kept)
    assert list(steps) == ["labelled", "captioned", "rewritten", "described"]
    assert shares(steps["labelled"]) == naive(kept, sex, lambda f: f.labels == "labelled")
    assert shares(steps["captioned"]) == naive(labelled, sex, lambda f: "captioned" in f.captions)
    assert shares(steps["rewritten"]) == naive(captioned, sex, accepted)
    assert shares(steps["described"]) == naive(kept, sex, lambda f: f in captioned)
    assert shares(reasons["labelled: too_few_labels"]) == naive(
        kept, sex, lambda f: f.labels == "too_few_labels"
    )
    assert shares(reasons["rewritten: missing_attribute"]) == naive(
        captioned, sex, lambda f: not accepted(f)
    )


def test_stated_groups_are_followed_from_the_faces_that_were_found(find) -> None:
    faces = drawn_faces()
    factor = find(faces).factors[2]
    found = [f for f in faces if f.drop_reason != "opted_out"]
    assert (factor.factor, factor.basis) == ("stated_skin_tone", "stated")
    assert shares(by_name(factor.steps)["kept"]) == naive(
        found, lambda f: f.tone or "unknown", lambda f: f.drop_reason is None
    )
    assert "kept: too_small" in by_name(factor.reasons)


@pytest.mark.parametrize("field", ["", "demographics.colour", "nothing"])
def test_skin_tone_is_left_out_where_no_side_car_states_it(find, field: str) -> None:
    factors = find(drawn_faces(30), field=field).factors
    assert [f.factor for f in factors] == ["predicted_sex", "predicted_age"]


def test_rare_stated_values_are_one_group(find) -> None:
    faces = [Face(tone=f"tone {i:02d}") for i in range(13) for _ in range(2)]
    assert find(faces).factors[2].faces == {f"tone {i:02d}": 2 for i in range(12)} | {"other": 2}


def test_ages_fall_into_wide_groups(find) -> None:
    faces = [Face(age=age) for age in (0.0, 19.9, 20.0, 39.9, 40.0, 60.0, None)]
    assert find(faces).factors[1].faces == {
        "under 20": 2,
        "20 to 39": 2,
        "40 to 59": 1,
        "60 and over": 1,
        "unknown": 1,
    }


def test_labels_are_compared_over_judged_faces_but_for_what_makes_the_group(find) -> None:
    faces = drawn_faces()
    by_sex, by_age = find(faces).factors[:2]
    judged = [f for f in faces if f.drop_reason is None and f.labels != "failed_to_annotate"]
    assert list(by_name(by_sex.labels)) == ["Smiling"]
    assert list(by_name(by_age.labels)) == ["Male", "Smiling"]
    assert shares(by_sex.labels[0]) == naive(judged, sex, lambda f: f.smiling is True)
    assert shares(by_sex.known[0]) == naive(judged, sex, lambda f: f.smiling is not None)


def test_means_equal_naive_ones(find) -> None:
    faces = drawn_faces()
    measures = by_name(find(faces).factors[0].measures)
    captions = [
        f
        for f in faces
        if f.drop_reason is None and f.labels == "labelled"
        for status in f.captions
        if status == "captioned"
    ]
    judged = [f for f in faces if f.drop_reason is None and f.labels != "failed_to_annotate"]
    assert shares(measures["template_words"]) == naive(
        captions, sex, lambda f: len(f.caption.split())
    )
    assert shares(measures["positive_labels"]) == naive(judged, sex, lambda f: f.smiling is True)
    assert set(measures) == {
        *("positive_labels", "known_labels", "template_words", "rewritten_words"),
        "detector_score",
    }


def test_worse_copies_are_a_step_where_copies_were_searched(find) -> None:
    faces = [Face(male=index % 2 == 0) for index in range(8)]
    found = find(faces, copies=["made-00000-00001-0", "made-00000-00003-0"])
    step = by_name(found.factors[0].steps)["distinct_face"]
    assert shares(step) == {"female": (4, 0.5, 4), "male": (4, 1.0, 4)}


def test_later_opt_outs_are_neither_kept_nor_dropped(find) -> None:
    faces = [
        Face(male=True),
        Face(male=True, labels="opted_out"),
        Face(male=True, captions=("opted_out",)),
        Face(male=True, rewrites=("opted_out",)),
    ]
    steps = by_name(find(faces).factors[0].steps)
    assert {
        name: (e.size, e.value)
        for name, e in ((name, step.groups["male"]) for name, step in steps.items())
    } == {"labelled": (3, 1), "captioned": (2, 1), "rewritten": (1, 1), "described": (1, 1)}


def test_faces_of_shards_that_are_not_built_further_are_no_loss() -> None:
    tables = make_tables([Face(male=True), Face(male=False)])
    with duckdb.connect() as connection:
        for name, table in (TABLES | DATASET_TABLES).items():
            is_built = name in ("face_crops", "face_attributes")
            connection.register(name, tables[name] if is_built else table.arrow.empty_table())
        steps = find_people(connection, "").factors[0].steps
    assert [step.name for step in steps] == ["labelled"]


def test_empty_dataset_has_nothing_to_compare_and_fits_into_json(find) -> None:
    found = find([])
    assert [(f.faces, f.steps, f.labels, f.measures) for f in found.factors] == [
        ({}, [], [], [])
    ] * 2
    assert json.loads(json.dumps(found.as_json()))["caveats"] == list(found.caveats)


def test_findings_are_the_same_every_time_and_fit_into_json(find) -> None:
    faces = drawn_faces()
    first = json.dumps(find(faces).as_json(), allow_nan=False)
    assert json.dumps(find(faces).as_json(), allow_nan=False) == first
