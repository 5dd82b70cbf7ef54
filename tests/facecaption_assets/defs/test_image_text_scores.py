"""``image_text_scores`` in a run: off, on with a tiny CLIP, and with one that cannot be had."""

import dagster as dg
import pytest

from facecaption_assets.definitions import build_defs
from facecaption_assets.defs.registry import freshness
from facecaption_assets.freshness import SHARD_INPUTS, State
from tests.fakes import FakeModels
from tests.tiny_models import save_clip, seeded

# Great Expectations imports modules that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

SHARD = "mine-00000"
ASSET = "image_text_scores"
ASSETS = [name for name in SHARD_INPUTS if name != "shard_quality"]


def run(dataset: FakeModels, instance, assets=ASSETS) -> dg.ExecuteInProcessResult:
    definitions = build_defs(dataset.home, resources={"dataset": dataset})
    return definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        partition_key=SHARD,
        instance=instance,
        asset_selection=[dg.AssetKey(asset) for asset in assets],
        raise_on_error=False,
    )


def test_off_is_told_then_switched_on_the_partition_is_stale_and_every_caption_is_scored(
    dataset, instance, tmp_path, monkeypatch
) -> None:
    result = run(dataset, instance)
    assert result.success
    warned = [c for c in result.get_asset_check_evaluations() if not c.passed]
    assert ("scores_available", dg.AssetCheckSeverity.WARN) in [
        (c.check_name, c.severity) for c in warned
    ]
    assert freshness(dataset).state(ASSET, SHARD).state is State.DONE

    monkeypatch.setattr("facecaption_assets.quality.scores.encoders.lease_device", lambda: "cpu")
    model = seeded(save_clip, tmp_path / "clip")
    dataset.storage.profile_file.write_text(
        f'[scores]\ncosine_model = "{model}"\nclip_s_model = "{model}"\n'
    )
    state = freshness(dataset).state(ASSET, SHARD)
    assert (state.state, state.reason) == (State.STALE, "settings or code changed")
    result = run(dataset, instance, [ASSET])
    assert result.success
    assert all(check.passed for check in result.get_asset_check_evaluations())
    rows = dataset.storage.read_table(ASSET, SHARD).to_pylist()
    assert [(r["caption_source"], r["status"]) for r in rows] == [
        *(("template", "scored"), ("llm", "scored"))
    ] * 2
    for row in rows:
        assert row["crop_clip_s"] >= 0
        assert -1 <= row["picture_cosine"] <= 1
        assert (row["cosine_model"], row["clip_s_truncated"]) == ("clip", False)


def test_a_model_that_cannot_be_had_fails_its_step_and_names_the_setting(
    dataset, instance, tmp_path
) -> None:
    run(dataset, instance, ASSETS[:-1])
    (tmp_path / "empty").mkdir()
    dataset.storage.profile_file.write_text(f'[scores]\nclip_s_model = "{tmp_path / "empty"}"\n')
    result = run(dataset, instance, [ASSET])
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert "ScoreSettings.clip_s_model = " in failed.step_failure_data.user_failure_data.description
    assert dataset.storage.partitions(ASSET) == []
