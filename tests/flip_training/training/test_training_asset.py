"""``flip_checkpoints`` as Dagster runs it: a real process that tells how its training goes."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from flip_training.defs import training_rows
from flip_training.defs.resources import Trainer, open_trainer
from flip_training.defs.training import flip_checkpoints
from flip_training.defs.training_rows import curves, row_metadata
from flip_training.pairs.recipes import RECIPES
from flip_training.pairs.training_sets import build_training_set
from flip_training.storage import Storage

pytestmark = [
    # Dagster's SQLite storage leaves closing to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

MICRO = (
    "model.vision.image_size=16 model.vision.patch_size=8 model.vision.width=16 "
    "model.vision.layers=1 model.text.width=16 model.text.layers=1 model.embed_dim=8 "
    "train.epochs=4 train.batch_size=4 train.queue_size=6 train.log_every=2"
)


@pytest.fixture
def trainer(home: Path, monkeypatch: pytest.MonkeyPatch) -> Trainer:
    """The smallest preset on a data root with pairs, as the environment has it."""
    build_training_set(Storage(home), RECIPES["llm"])
    monkeypatch.setenv("FLIP_SET", MICRO)
    monkeypatch.setenv("FLIP_PROCESSES", "1")
    return open_trainer(str(home), "tiny")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def materialized(trainer: Trainer, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [flip_checkpoints],
        partition_key="llm",
        instance=instance,
        resources={"trainer": trainer},
        raise_on_error=False,
    )


def observations(instance: dg.DagsterInstance) -> list[dg.AssetObservation]:
    found = instance.fetch_observations(dg.AssetKey("flip_checkpoints"), limit=100).records
    return [record.asset_observation for record in reversed(found) if record.asset_observation]


def test_a_training_is_observed_while_it_runs_and_shown_when_it_is_done(
    trainer: Trainer, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_rows, "OBSERVE_EVERY_S", 0.0)
    result = materialized(trainer, instance)
    assert result.success
    seen = observations(instance)
    rows = trainer.storage.read_table("flip_checkpoints", "llm").to_pylist()
    assert seen[-1].partition == "llm"
    assert {"loss_itc", "loss_itm", "lr", "temp", "samples_per_s", "grad_norm"} <= set(
        seen[-1].metadata
    )
    assert seen[-1].metadata["step"].value == rows[-1]["step"]
    (done,) = result.asset_materializations_for_node("flip_checkpoints")
    stored = trainer.storage.read_provenance("flip_checkpoints", "llm")
    assert stored is not None
    assert done.tags and done.tags["dagster/data_version"] == stored.data_version
    assert done.metadata["loss_itc"].value == rows[-1]["loss_itc"]
    assert str(done.metadata["curves"].value).startswith("![losses over steps](data:image/png;")


@pytest.mark.slow
def test_a_failure_shows_the_reason_and_is_not_tried_again(
    trainer: Trainer, instance: dg.DagsterInstance
) -> None:
    trainer = Trainer(home=trainer.home, preset_name="tiny", changes=["train.lr=7"], processes="1")
    result = materialized(trainer, instance)
    (failure,) = result.get_step_failure_events()
    assert failure.step_failure_data.user_failure_data is not None
    reason = str(failure.step_failure_data.user_failure_data.description)
    assert "train.lr must be in (0, 1), got 7.0" in reason


def test_what_is_not_finite_is_not_shown() -> None:
    assert row_metadata({"loss_itc": 1.0, "grad_norm": float("inf")}) == {"loss_itc": 1.0}


def test_curves_need_one_row_only() -> None:
    assert len(str(curves([{"step": 1, "loss_itc": 2.0, "loss_itm": 0.5}]).value)) > 1000
