"""The checks on groups of people, asked through the jobs that users start."""

import dagster as dg
import pytest

from facecaption_assets.definitions import build_defs
from facecaption_assets.freshness import SHARD_INPUTS
from facecaption_assets.provenance import Provenance
from facecaption_assets.schema import TABLES
from tests.fakes import FakeModels
from tests.invented_people import Face, make_tables

SHARD = "made-00000"
CHECK = "stages_keep_people_alike"


@pytest.fixture
def dataset(tmp_path) -> FakeModels:
    dataset = FakeModels(home=str(tmp_path / "home"), profile_name="embedded")
    dataset.storage.root.mkdir(parents=True)
    # The invented have no pictures to be shown.
    dataset.storage.profile_file.write_text("[quality]\ngallery_faces = 0\n")
    return dataset


@pytest.fixture
def ask(dataset, instance):
    """Function from faces to what the check says of their shard, and of the dataset."""

    def evaluate(faces: list[Face]) -> list[dg.AssetCheckEvaluation]:
        tables = make_tables(faces)
        for asset in SHARD_INPUTS["shard_quality"]:
            table = tables.get(asset, TABLES[asset].arrow.empty_table())
            dataset.storage.commit(table, Provenance(asset, SHARD, "test"))
        definitions = build_defs(dataset.home, resources={"dataset": dataset})
        instance.add_dynamic_partitions("shards", [SHARD])
        shard = definitions.resolve_job_def("build_shards").execute_in_process(
            partition_key=SHARD,
            instance=instance,
            asset_selection=[dg.AssetKey("shard_quality")],
        )
        # Another check may refuse the dataset, since nobody scored the invented.
        whole = definitions.resolve_job_def("build_report").execute_in_process(
            instance=instance, raise_on_error=False
        )
        assert shard.success
        said = [*shard.get_asset_check_evaluations(), *whole.get_asset_check_evaluations()]
        return [evaluation for evaluation in said if evaluation.check_name == CHECK]

    return evaluate


def test_dropping_women_warns_of_the_shard_and_of_the_dataset(ask, dataset) -> None:
    faces = [
        Face(male=male, tone="V", captions=("captioned" if male or index % 2 else "no_attributes",))
        for male in (True, False)
        for index in range(80)
    ]
    said = ask(faces)
    assert [each.asset_key.to_user_string() for each in said] == ["shard_quality", "quality_report"]
    for each in said:
        assert (each.passed, each.severity) == (False, dg.AssetCheckSeverity.WARN)
        assert "captioned by predicted_sex: female 50.0% of 80" in each.description
    table = said[1].metadata["predicted_sex"]
    assert isinstance(table, dg.TableMetadataValue)
    assert table.records[2].data == {
        "step": "labelled faces with a template caption",
        "group": "female",
        "faces": 80,
        "passed": "50.0%",
        "interval_95": "39.3% to 60.7%",
    }
    verdicts = dataset.storage.read_verdicts("shard_quality", SHARD)
    assert [(v.passed, v.blocking) for v in verdicts if v.check == CHECK] == [(False, False)]


def test_equal_treatment_passes(ask) -> None:
    faces = [Face(male=index % 2 == 0) for index in range(160)]
    assert [each.passed for each in ask(faces)] == [True, True]
