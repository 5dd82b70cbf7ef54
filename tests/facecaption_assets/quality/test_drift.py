from math import asin, sqrt

import pyarrow as pa
import pytest

from facecaption_assets.provenance import Provenance, Verdict
from facecaption_assets.quality import drift
from facecaption_assets.quality.drift import (
    Prevalence,
    other_prevalence,
    prevalence,
    prevalence_fits,
    shard_prevalence,
)
from facecaption_assets.schema import ATTRIBUTE_COLUMNS, FACE_ATTRIBUTES
from facecaption_assets.storage import Storage


def labels(smiling: float, faces: int = 1000, groups: int | None = None) -> Prevalence:
    positives = dict.fromkeys(ATTRIBUTE_COLUMNS, 0) | {"Smiling": round(smiling * faces)}
    return Prevalence(faces, faces if groups is None else groups, positives)


def table(smiling: list[bool | None], status: str = "labelled") -> pa.Table:
    rows = [
        {
            "face_id": f"k-{index}",
            "key": "k",
            "split_group": f"person {index // 2}",
            "status": status,
            "num_positive": int(state is True),
            "resolved_conflicts": [],
            "Smiling": state,
        }
        for index, state in enumerate(smiling)
    ]
    return FACE_ATTRIBUTES.from_rows(rows)


def test_faces_groups_and_positives_are_counted_over_judged_faces() -> None:
    found = prevalence([table([True, False, None]), table([True], "failed_to_annotate")])
    assert (found.faces, found.groups, found.positives["Smiling"]) == (3, 2, 1)
    assert found.share("Smiling") == pytest.approx(1 / 3)
    assert prevalence([]).share("Smiling") == 0


@pytest.mark.parametrize(
    ("here", "elsewhere", "near", "not_far"),
    [
        (0.50, 0.55, True, True),
        (0.50, 0.65, False, True),
        (0.02, 0.00, False, True),
        (0.10, 0.90, False, False),
        (0.00, 0.50, False, False),
    ],
)
def test_difference_is_measured_for_rare_and_frequent_labels_alike(
    here: float, elsewhere: float, near: bool, not_far: bool
) -> None:
    shard, others = labels(here), labels(elsewhere)
    assert prevalence_fits(shard, others, 0.2).passed is near
    assert prevalence_fits(shard, others, 0.8).passed is not_far


def test_message_names_labels_and_shares() -> None:
    outcome = prevalence_fits(labels(0.9), labels(0.5), 0.2)
    assert outcome.reason == (
        "1 labels differ from other shards by more than h = 0.20: Smiling 90.0% against 50.0%."
    )
    h = 2 * asin(sqrt(0.9)) - 2 * asin(sqrt(0.5))
    assert outcome.numbers["largest_h"] == pytest.approx(h)


def test_difference_within_chance_is_none() -> None:
    # h is 0.3, and 0.1 the standard error of two times two hundred groups.
    assert prevalence_fits(labels(0.5, 200), labels(0.65, 200), 0.2).passed


@pytest.mark.parametrize(("here", "elsewhere"), [(199, 1000), (1000, 199), (1000, 0)])
def test_few_groups_are_not_compared_however_many_faces_they_have(
    here: int, elsewhere: int
) -> None:
    shard, others = labels(0.0, 5000, here), labels(1.0, 5000, elsewhere)
    outcome = prevalence_fits(shard, others, 0.2)
    assert outcome.passed
    assert "too few to compare" in outcome.reason


def test_shard_is_compared_with_others_of_its_source_and_code_that_are_not_held_back(
    storage: Storage,
) -> None:
    for shard, smiling, code in [
        ("mine-00000", 1, "v2"),
        ("mine-00001", 2, "v2"),
        ("mine-00002", 4, "v1"),
        ("mine-00003", 8, "v2"),
        ("other-00000", 16, "v2"),
    ]:
        stored = storage.commit(table([True] * smiling), Provenance("face_attributes", shard, code))
        if shard == "mine-00003":
            verdict = Verdict("states_have_basis", False, True, "bad", stored.data_version)
            storage.record_verdict("face_attributes", shard, verdict)
    assert shard_prevalence(storage, "mine-00000").positives["Smiling"] == 1
    assert other_prevalence(storage, "mine-00000").positives["Smiling"] == 2
    assert other_prevalence(storage, "other-00000").faces == 0


def test_of_many_shards_an_even_choice_is_read(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "MAX_SHARDS", 2)
    for index in range(6):
        provenance = Provenance("face_attributes", f"mine-{index:05d}", "v1")
        storage.commit(table([True]), provenance)
    assert other_prevalence(storage, "mine-00000").faces == 2
