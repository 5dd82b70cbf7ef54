"""Bad shards, planted beside a good one, each caught by the gate that is meant for it.

A shard that drops one group of people belongs to the tests of the gate on groups of people.
"""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import cv2
import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from facecaption_assets.captions.generation import caption_faces
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.defs import attributes, captions, faces
from facecaption_assets.defs.partitions import shards
from facecaption_assets.faces.cropping import Place
from facecaption_assets.faces.edges import canny_edges
from facecaption_assets.faces.pixel_evidence import pixel_evidence
from facecaption_assets.provenance import Provenance
from facecaption_assets.schema import ATTRIBUTE_COLUMNS, FACE_CROPS
from facecaption_assets.shards.opt_out import OptOut
from tests.changed_tables import rewritten
from tests.fakes import FakeModels
from tests.label_sets import random_label_sets

GOOD, BAD = "mine-00000", "mine-00001"
FACES = 240


@pytest.fixture
def home(tmp_path: Path) -> FakeModels:
    return FakeModels(home=str(tmp_path / "home"), profile_name="embedded")


@pytest.fixture
def partitioned(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.add_dynamic_partitions("shards", [GOOD, BAD])
        yield instance


def commit(home: FakeModels, asset: str, shard: str, table: pa.Table) -> None:
    home.storage.commit(table, Provenance(asset, shard, "test"))


def failed_checks(
    home: FakeModels, instance: dg.DagsterInstance, stage: ModuleType, names: set[str], shard: str
) -> dict[str, bool]:
    """Checks of a stage that a shard fails, and whether they block."""
    checks = [
        check
        for check in vars(stage).values()
        if isinstance(check, dg.AssetChecksDefinition)
        and {spec.name for spec in check.check_specs} <= names
    ]
    assert len(checks) == len(names)

    [asset] = {key.asset_key.to_user_string() for check in checks for key in check.check_keys}

    @dg.asset(name=asset, partitions_def=shards)
    def stays_as_it_is() -> None:
        pass

    result = dg.materialize(
        [stays_as_it_is, *checks],
        instance=instance,
        partition_key=shard,
        resources={"dataset": home},
        raise_on_error=False,
    )
    return {
        check.check_name: check.severity is dg.AssetCheckSeverity.ERROR
        for check in result.get_asset_check_evaluations()
        if not check.passed
    }


def drawn_crops(shard: str, blur_px: float) -> pa.Table:
    """Crops of coarse noise, each of its own contrast, blurred."""
    random = np.random.default_rng(int(shard[-1]))
    place = Place(np.array([[1.0, 0, 0], [0, 1, 0]]), 128, 128)
    rows = []
    for index in range(FACES):
        noise = random.normal(128, random.uniform(20, 60), (64, 64, 3)).clip(0, 255)
        pixels = cv2.resize(noise.astype(np.uint8), (128, 128), interpolation=cv2.INTER_CUBIC)
        if blur_px:
            pixels = cv2.GaussianBlur(pixels, (0, 0), blur_px)
        pixels = np.asarray(pixels, np.uint8)
        seen = pixel_evidence(pixels, canny_edges(pixels), (0, 0, 128, 128), place)
        key = f"{shard}-{index:05d}"
        ids = {"face_id": f"{key}-0", "key": key, "split_group": key}
        rows.append(ids | {"status": "kept", "sharpness": seen.sharpness})
    return FACE_CROPS.from_rows(rows)


SHARPNESS = {"sharpness_near_others", "faces_not_blurred"}


def test_blurred_crops_are_held_back(home, partitioned) -> None:
    commit(home, "face_crops", GOOD, drawn_crops(GOOD, 0))
    commit(home, "face_crops", BAD, drawn_crops(BAD, 2))
    assert failed_checks(home, partitioned, faces, SHARPNESS, BAD) == {
        "sharpness_near_others": False,
        "faces_not_blurred": True,
    }
    [verdict] = home.storage.failed_gates("face_crops", BAD)
    assert verdict.check == "faces_not_blurred"


def test_crops_that_are_as_sharp_as_others_pass(home, partitioned) -> None:
    for shard in (GOOD, BAD):
        commit(home, "face_crops", shard, drawn_crops(shard, 0))
    assert failed_checks(home, partitioned, faces, SHARPNESS, BAD) == {}


def labels(shard: str) -> pa.Table:
    """Random labels of as many faces, each of its own picture."""
    made = random_label_sets(FACES, seed=int(shard[-1]))
    numbered = iter(range(FACES))

    def rename(row: dict[str, object]) -> dict[str, object]:
        key = f"{shard}-{next(numbered):05d}"
        return row | {"face_id": f"{key}-0", "key": key, "split_group": key}

    return rewritten(made, rename)


LABELS = {"prevalence_near_others", "prevalence_not_far_out"}


def test_a_label_that_is_always_on_is_held_back(home, partitioned) -> None:
    commit(home, "face_attributes", GOOD, labels(GOOD))
    always = rewritten(labels(BAD), lambda row: row | {"Smiling": True, "Smiling_prob": 0.99})
    commit(home, "face_attributes", BAD, always)
    assert failed_checks(home, partitioned, attributes, LABELS, BAD) == {
        "prevalence_near_others": False,
        "prevalence_not_far_out": True,
    }
    assert "Smiling 100.0% against" in home.storage.failed_gates("face_attributes", BAD)[0].reason


def test_a_probability_that_is_always_the_same_warns(home, partitioned) -> None:
    always = rewritten(labels(BAD), lambda row: row | {"Smiling": True, "Smiling_prob": 0.99})
    commit(home, "face_attributes", BAD, always)
    failed = failed_checks(home, partitioned, attributes, {"probabilities_vary"}, BAD)
    assert failed == {"probabilities_vary": False}


def swapped(templates: pa.Table) -> pa.Table:
    """Every face with the caption, and the attributes it names, of the next one."""
    order = np.roll(np.arange(templates.num_rows), -1)
    for name in ("caption", "attributes"):
        place = templates.schema.get_field_index(name)
        field = templates.schema.field(name)
        templates = templates.set_column(place, field, templates[name].take(order))
    return templates


@pytest.mark.parametrize("is_swapped", [False, True])
def test_captions_of_other_faces_are_held_back(is_swapped: bool, home, partitioned) -> None:
    described = labels(BAD)
    templates = caption_faces(described, CaptionSettings(), OptOut.none())
    commit(home, "face_attributes", BAD, described)
    commit(home, "template_captions", BAD, swapped(templates) if is_swapped else templates)
    found = failed_checks(home, partitioned, captions, {"captions_name_attributes"}, BAD)
    assert found == ({"captions_name_attributes": True} if is_swapped else {})


def test_captions_of_faces_with_equal_labels_cannot_be_told_apart_by_text(
    home, partitioned
) -> None:
    """What both are said to have is true of both: only a look at the pictures could tell."""
    first = labels(BAD).to_pylist()[0]
    same = {name: first[name] for name in ("age_years", *ATTRIBUTE_COLUMNS)}
    alike = rewritten(labels(BAD), lambda row: row | same)
    templates = caption_faces(alike, CaptionSettings(), OptOut.none())
    assert pc.count_distinct(templates["caption"]).as_py() > 1
    commit(home, "face_attributes", BAD, alike)
    commit(home, "template_captions", BAD, swapped(templates))
    assert failed_checks(home, partitioned, captions, {"captions_name_attributes"}, BAD) == {}
