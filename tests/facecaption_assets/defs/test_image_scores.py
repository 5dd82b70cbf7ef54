"""``image_scores`` in a run: CLIP-IQA off, blurred crops held back, opt-outs, a missing model."""

import dagster as dg
import pytest

from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.registry import freshness
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.freshness import State
from facecaption_assets.quality.image_scoring.scoring import Scorers
from tests.fakes import FakeModels, SteadyScorer

# Great Expectations imports modules that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

SHARD = "mine-00000"
ASSETS = ("shard_plan", "raw_shards", "face_crops", "image_scores")


class Blurred(FakeModels):
    """All of whose faces score as blurred ones do."""

    def image_scorers(self) -> Scorers:
        return Scorers(SteadyScorer(80.0), None)


class OwnScorers(FakeModels):
    """With the scorers that the settings name."""

    def image_scorers(self) -> Scorers:
        return Dataset.image_scorers(self)


def run(
    dataset: FakeModels, instance: dg.DagsterInstance, assets: tuple[str, ...] = ASSETS
) -> dg.ExecuteInProcessResult:
    definitions = build_defs(dataset.home, resources={"dataset": dataset})
    return definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        partition_key=SHARD,
        instance=instance,
        asset_selection=[dg.AssetKey(asset) for asset in assets],
        raise_on_error=False,
    )


def failed_checks(result: dg.ExecuteInProcessResult) -> list[tuple[str, dg.AssetCheckSeverity]]:
    checks = result.get_asset_check_evaluations()
    return [(check.check_name, check.severity) for check in checks if not check.passed]


def test_crops_are_scored_and_a_missing_clip_is_a_warning(dataset, instance) -> None:
    result = run(dataset, instance)
    assert result.success
    rows = dataset.storage.read_table("image_scores", SHARD).to_pylist()
    assert [(r["status"], r["brisque"], r["clip_iqa"]) for r in rows] == [
        ("scored", 12.0, None)
    ] * 2
    assert failed_checks(result) == [("clip_iqa_available", dg.AssetCheckSeverity.WARN)]
    assert freshness(dataset).state("image_scores", SHARD).state is State.DONE


def test_a_shard_of_blurred_crops_is_held_back_by_the_named_gate(dataset, instance) -> None:
    blurred = Blurred(home=dataset.home, profile_name=dataset.profile_name)
    failed = failed_checks(run(blurred, instance))
    assert ("median_brisque_low", dg.AssetCheckSeverity.ERROR) in failed
    state = freshness(blurred).state("image_scores", SHARD)
    assert state.state is State.FAILED
    assert "The median BRISQUE of 2 faces is 80.0" in state.reason


def test_opted_out_rows_return_when_the_entry_is_taken_back(dataset, instance) -> None:
    run(dataset, instance)
    entries = dataset.storage.opt_out_folder / "list.txt"
    dataset.storage.write_text(entries, f"{SHARD}-00000\n")
    assert run(dataset, instance, ("image_scores",)).success
    statuses = dataset.storage.read_table("image_scores", SHARD)["status"].to_pylist()
    assert statuses == ["opted_out", "scored"]
    entries.unlink()
    state = freshness(dataset).state("image_scores", SHARD)
    assert state.state is State.STALE
    assert "no longer on the opt-out list" in state.reason


def test_a_clip_that_cannot_be_had_fails_its_step_and_names_the_setting(
    dataset, instance, tmp_path
) -> None:
    (tmp_path / "empty").mkdir()
    dataset.storage.profile_file.write_text(
        f'[image_scores]\nclip_model = "{tmp_path / "empty"}"\n'
    )
    own = OwnScorers(home=dataset.home, profile_name=dataset.profile_name)
    result = run(own, instance)
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert failed.step_key == "image_scores"
    description = failed.step_failure_data.user_failure_data.description
    assert "ImageScoreSettings.clip_model = " in description
    assert own.storage.partitions("image_scores") == []
