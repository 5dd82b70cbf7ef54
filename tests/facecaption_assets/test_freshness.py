import pyarrow as pa
import pytest

from facecaption_assets.freshness import (
    SHARD_INPUTS,
    WHOLE_DATASET_INPUTS,
    Freshness,
    State,
    dataset_versions,
)
from facecaption_assets.provenance import Provenance, Verdict
from facecaption_assets.schema import RAW_SHARDS, SHARD_PLAN, TABLES
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.storage import Storage

SHARD = "mine-00000"
VERSIONS = dict.fromkeys((*SHARD_INPUTS, *WHOLE_DATASET_INPUTS), "v1")
ROW = {"key": f"{SHARD}-00000", "url": "file:///x.jpg", "split_group": "x"}


def plan(url: str = "file:///x.jpg") -> pa.Table:
    return SHARD_PLAN.from_rows([ROW | {"source": "mine", "url": url, "status": "planned"}])


def commit(storage: Storage, asset: str, table: pa.Table, code_version: str = "v1") -> None:
    inputs = {
        f"{name}/{SHARD}": stored.data_version
        for name in SHARD_INPUTS[asset]
        if (stored := storage.read_provenance(name, SHARD)) is not None
    }
    storage.commit(table, Provenance(asset, SHARD, code_version, inputs))


def judge(storage: Storage, *, gates=None, opt_out=None) -> Freshness:
    return Freshness(storage, VERSIONS, gates or {}, opt_out or OptOut.none())


@pytest.fixture
def built(storage: Storage) -> Storage:
    commit(storage, "shard_plan", plan())
    commit(storage, "raw_shards", RAW_SHARDS.from_rows([ROW | {"status": "success"}]))
    return storage


def test_every_table_of_the_schema_has_its_inputs_and_they_come_before_it() -> None:
    assert list(SHARD_INPUTS) == list(TABLES)
    seen: set[str] = set()
    for asset, inputs in SHARD_INPUTS.items():
        assert seen.issuperset(inputs)
        seen.add(asset)


def test_a_shard_that_is_half_built_is_half_missing(built) -> None:
    states = [state.state for state in judge(built).shard_states(SHARD)]
    assert states == [State.DONE, State.DONE, *[State.MISSING] * 5]


def test_changed_settings_make_a_partition_stale(built) -> None:
    commit(built, "shard_plan", plan(), code_version="v0")
    assert judge(built).state("shard_plan", SHARD).state is State.STALE
    assert judge(built).state("raw_shards", SHARD).state is State.DONE


def test_a_changed_input_makes_what_read_it_stale_and_an_identical_rebuild_does_not(built) -> None:
    commit(built, "shard_plan", plan())
    assert judge(built).state("raw_shards", SHARD).state is State.DONE
    commit(built, "shard_plan", plan("file:///moved.jpg"))
    state = judge(built).state("raw_shards", SHARD)
    assert (state.state, state.reason) == (State.STALE, "shard_plan changed")


def verdict(storage: Storage, *, passed: bool) -> None:
    stored = storage.require_built("shard_plan", SHARD)
    storage.record_verdict(
        "shard_plan", SHARD, Verdict("gate", passed, True, "two rows short", stored.data_version)
    )


def test_a_partition_is_done_only_when_its_gates_have_spoken(built) -> None:
    gates = {"shard_plan": frozenset({"gate"})}
    state = judge(built, gates=gates).state("shard_plan", SHARD)
    assert (state.state, state.reason) == (State.STALE, "not checked: gate")
    verdict(built, passed=True)
    assert judge(built, gates=gates).state("shard_plan", SHARD).state is State.DONE
    verdict(built, passed=False)
    state = judge(built, gates=gates).state("shard_plan", SHARD)
    assert (state.state, state.reason) == (State.FAILED, "gate: two rows short")


@pytest.mark.parametrize("entry", ["file:///x.jpg", f"{SHARD}-00000"])
def test_an_opt_out_makes_the_shard_stale_until_the_row_is_dropped(built, entry) -> None:
    listed = OptOut(frozenset({entry}))
    assert judge(built, opt_out=listed).state("shard_plan", SHARD).state is State.STALE
    dropped = SHARD_PLAN.from_rows([ROW | {"source": "mine", "status": "opted_out"}])
    commit(built, "shard_plan", dropped)
    assert judge(built, opt_out=listed).state("shard_plan", SHARD).state is State.DONE


def test_an_opt_out_of_other_pictures_changes_nothing(built) -> None:
    listed = OptOut(frozenset({"other-00000-00000"}))
    assert judge(built, opt_out=listed).state("shard_plan", SHARD).state is State.DONE


def test_an_unpartitioned_asset_is_stale_only_when_what_it_reads_changed(built) -> None:
    versions = dataset_versions(built, [SHARD], "attribute_evaluation")
    built.write_report_provenance(Provenance("attribute_evaluation", "", "v1", versions))
    commit(built, "shard_plan", plan("file:///moved.jpg"))
    freshness = judge(built)
    assert freshness.whole_dataset_state("attribute_evaluation", [SHARD]).state is State.DONE
    assert freshness.whole_dataset_state("quality_report", [SHARD]).state is State.MISSING


def test_the_report_is_stale_when_a_shard_changed(built) -> None:
    versions = dataset_versions(built, [SHARD], "quality_report")
    built.write_report_provenance(Provenance("quality_report", "", "v1", versions))
    freshness = judge(built)
    assert freshness.whole_dataset_state("quality_report", [SHARD]).state is State.DONE
    commit(built, "shard_plan", plan("file:///moved.jpg"))
    assert freshness.whole_dataset_state("quality_report", [SHARD]).state is State.STALE
