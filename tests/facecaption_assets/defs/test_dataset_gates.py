"""The checks over all shards, and the pages of failed suites, through Dagster."""

import dagster as dg
import pytest

from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.building import build_report, build_shard
from facecaption_assets.defs.registry import freshness
from facecaption_assets.freshness import State
from tests.changed_tables import rewritten

# Great Expectations imports modules that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

SHARD = "mine-00000"


@pytest.fixture
def definitions(dataset) -> dg.Definitions:
    return build_defs(dataset.home, resources={"dataset": dataset})


def damage(dataset, asset: str, **values: object) -> None:
    """Change the first row of a table that keeps its provenance, as if somebody else had."""
    storage = dataset.storage
    first = storage.read_table(asset, SHARD)["face_id"][0].as_py()
    table = rewritten(
        storage.read_table(asset, SHARD),
        lambda row: row | (values if row["face_id"] == first else {}),
    )
    storage.commit(table, storage.read_provenance(asset, SHARD))


def report_state(dataset):
    return freshness(dataset).whole_dataset_state("quality_report", [SHARD])


def test_a_report_of_a_sound_dataset_passes_its_gates(definitions, dataset, instance) -> None:
    assert build_shard(definitions, dataset, instance, SHARD) == []
    assert build_report(definitions, dataset, instance) == []
    verdicts = dataset.storage.read_verdicts("quality_report", "all")
    assert {v.check for v in verdicts if v.passed} >= {
        "ids_unique",
        "references_intact",
        "rows_conserved",
        "split_groups_agree",
        "numbers_finite",
        "versions_agree",
        "tables_well_formed",
    }
    assert report_state(dataset).state is State.DONE
    # The language model of the tests is of no use, which warns and does not block.
    [page] = (dataset.storage.reports / "gates" / "quality_report").iterdir()
    assert page.name == "llm_captions.html"
    assert "fell_back" in page.read_text()


def test_a_table_that_was_tampered_with_fails_the_report(definitions, dataset, instance) -> None:
    build_shard(definitions, dataset, instance, SHARD)
    damage(dataset, "face_attributes", face_id="mine-00000-00009-0", Smiling_prob=1.5)
    failures = build_report(definitions, dataset, instance)
    assert {f.check for f in failures} == {
        "references_intact",
        "rows_conserved",
        "tables_well_formed",
    }
    assert "face_attributes: 1 belong to nothing that face_crops has kept" in str(failures)
    page = dataset.storage.reports / "gates" / "quality_report" / "face_attributes.html"
    assert "1.5" in page.read_text()
    assert report_state(dataset).state is State.FAILED


def test_a_failed_suite_of_a_shard_has_a_page_until_it_passes(
    definitions, dataset, instance
) -> None:
    build_shard(definitions, dataset, instance, SHARD)
    damage(dataset, "face_attributes", age_years=140.0, num_positive=41)
    [failure] = [
        f
        for f in build_shard(definitions, dataset, instance, SHARD)
        if f.check == "labels_well_formed"
    ]
    assert "num_positive" in failure.reason
    page = dataset.storage.reports / "gates" / "face_attributes" / f"{SHARD}.html"
    assert "140.0" in page.read_text()
    assert build_shard(definitions, dataset, instance, SHARD) == []
    assert not page.exists()


def test_the_link_to_the_failing_rows_is_in_the_check(definitions, dataset, instance) -> None:
    build_shard(definitions, dataset, instance, SHARD)
    damage(dataset, "template_captions", caption="A man with brown hair who has no beard.")
    build_shard(definitions, dataset, instance, SHARD)
    key = dg.AssetCheckKey(dg.AssetKey("template_captions"), "captions_well_formed")
    [record] = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    metadata = record.event.dagster_event.asset_check_evaluation_data.metadata
    assert metadata["failing_rows"].value.endswith(f"/gates/template_captions/{SHARD}.html")
