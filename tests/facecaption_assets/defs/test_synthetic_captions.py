"""``synthetic_captions`` in a run: off, on, and with a model that cannot be had."""

import dagster as dg
import pytest

from facecaption_assets.captions.captioners.choosing import BestOf
from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.registry import freshness
from facecaption_assets.freshness import State
from tests.fakes import FakeModels

# Great Expectations imports modules that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

SHARD = "mine-00000"
ASSETS = ("shard_plan", "raw_shards", "face_crops", "synthetic_captions")


class OneLine:
    """Says one thing of every face."""

    name = "one-line"

    def caption(self, sittings):
        return [["a woman in a red scarf"] for _ in sittings]


class Captioned(FakeModels):
    """With a captioner."""

    def best_of(self) -> BestOf:
        return BestOf(OneLine(), None, 1, 4)


def run(dataset: FakeModels, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    definitions = build_defs(dataset.home, resources={"dataset": dataset})
    return definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        partition_key=SHARD,
        instance=instance,
        asset_selection=[dg.AssetKey(asset) for asset in ASSETS],
        raise_on_error=False,
    )


def test_off_is_told_by_rows_and_a_warning_and_there_is_nothing_to_do(dataset, instance) -> None:
    result = run(dataset, instance)
    assert result.success
    rows = dataset.storage.read_table("synthetic_captions", SHARD).to_pylist()
    assert {row["status"] for row in rows} == {"unavailable"}
    warned = [c for c in result.get_asset_check_evaluations() if not c.passed]
    assert [(c.check_name, c.severity) for c in warned] == [
        ("captioner_available", dg.AssetCheckSeverity.WARN)
    ]
    assert "CaptionerSettings.model is empty" in warned[0].description
    assert freshness(dataset).state("synthetic_captions", SHARD).state is State.DONE


def test_switched_on_the_partition_is_stale_and_then_captioned(dataset, instance) -> None:
    run(dataset, instance)
    dataset.storage.profile_file.write_text('[captioners]\nmodel = "any"\n')
    captioned = Captioned(home=dataset.home, profile_name=dataset.profile_name)
    state = freshness(captioned).state("synthetic_captions", SHARD)
    assert (state.state, state.reason) == (State.STALE, "settings or code changed")
    assert run(captioned, instance).success
    rows = captioned.storage.read_table("synthetic_captions", SHARD).to_pylist()
    assert [(r["status"], r["caption"]) for r in rows] == [
        ("captioned", "a woman in a red scarf")
    ] * 2


def test_a_captioner_that_cannot_be_had_fails_its_step_and_names_the_setting(
    dataset, instance, tmp_path
) -> None:
    (tmp_path / "empty").mkdir()
    dataset.storage.profile_file.write_text(f'[captioners]\nmodel = "{tmp_path / "empty"}"\n')
    result = run(dataset, instance)
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert failed.step_key == "synthetic_captions"
    assert "CaptionerSettings.model = " in failed.step_failure_data.user_failure_data.description
    assert dataset.storage.partitions("synthetic_captions") == []
