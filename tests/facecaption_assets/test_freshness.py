from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facecaption_assets.freshness import (
    REPORT_INPUTS,
    SHARD_INPUTS,
    Freshness,
    State,
    dataset_versions,
)
from facecaption_assets.provenance import Provenance, Verdict
from facecaption_assets.quality.duplicate_settings import DuplicateSettings
from facecaption_assets.quality.duplicates import build_duplicates
from facecaption_assets.quality.reviewing.review_score import score_path
from facecaption_assets.schema import FACE_CROPS, PART_TABLES, RAW_SHARDS, SHARD_PLAN, TABLES
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.shards.opt_out_effect import why_outdated
from facecaption_assets.storage import Storage

SHARD = "mine-00000"
VERSIONS = dict.fromkeys((*SHARD_INPUTS, "duplicate_faces", *REPORT_INPUTS), "v1")
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
    assert states == [State.DONE, State.DONE, *[State.MISSING] * 8]


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


@pytest.mark.parametrize("asset", PART_TABLES)
def test_a_part_that_was_read_and_is_another_one_now_makes_its_reader_stale(built, asset) -> None:
    raw = built.require("raw_shards", SHARD).data_version
    read = {f"raw_shards/{SHARD}": raw, f"{asset}/03": "v"}
    built.commit(FACE_CROPS.from_rows([]), Provenance("face_crops", SHARD, "v1", read))
    state = judge(built).state("face_crops", SHARD)
    assert (state.state, state.reason) == (State.STALE, f"{asset} of part 03 changed")


def test_a_table_that_only_some_settings_read_counts_where_it_was_read(built) -> None:
    raw = {f"raw_shards/{SHARD}": built.require("raw_shards", SHARD).data_version}
    also = {f"shard_plan/{SHARD}": built.require("shard_plan", SHARD).data_version}
    commit(built, "shard_plan", plan("file:///moved.jpg"))
    for read, reason in ((raw, ""), (raw | also, "shard_plan changed")):
        built.commit(FACE_CROPS.from_rows([]), Provenance("face_crops", SHARD, "v1", read))
        assert judge(built).state("face_crops", SHARD).reason == reason


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
    listed = OptOut.of(entry)
    assert judge(built, opt_out=listed).state("shard_plan", SHARD).state is State.STALE
    dropped = SHARD_PLAN.from_rows([ROW | {"source": "mine", "status": "opted_out"}])
    commit(built, "shard_plan", dropped)
    assert judge(built, opt_out=listed).state("shard_plan", SHARD).state is State.DONE


def test_an_opt_out_of_the_original_url_makes_the_shard_stale(storage) -> None:
    row = ROW | {"source": "mine", "status": "planned", "metadata": '{"url": "http://a/1"}'}
    commit(storage, "shard_plan", SHARD_PLAN.from_rows([row]))
    listed = OptOut.of("http://a/1")
    assert judge(storage, opt_out=listed).state("shard_plan", SHARD).state is State.STALE


HASHES = {"sha256": "0a" * 32, "phash": "8f0f00ff12345678"}


def ledger(**fields: object) -> pa.Table:
    return RAW_SHARDS.from_rows([ROW | {"status": "success"} | HASHES | fields])


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ("example.org", "domain"),
        ("https://cdn.example.org/final.jpg", "url"),
        ("a.net", "domain"),
        (HASHES["sha256"], "sha256"),
        ("phash:8f0f00ff12345600", "phash"),
    ],
)
def test_an_opt_out_is_found_by_all_that_the_ledger_knows(built, entry, kind) -> None:
    found = {
        "final_url": "https://cdn.example.org/final.jpg",
        "metadata": '{"url": "http://a.net"}',
    }
    commit(built, "raw_shards", ledger(**found))
    state = judge(built, opt_out=OptOut.of(entry)).state("raw_shards", SHARD)
    assert state.state is State.STALE
    assert state.reason == f"the opt-out list covers rows that are kept, by {kind}"
    assert judge(built).state("raw_shards", SHARD).state is State.DONE


@pytest.mark.parametrize("entry", ["0b" * 32, "phash:8f0f00ff12345678/4"])
def test_an_opt_out_is_found_by_the_crop(built, entry) -> None:
    crop = {"key": ROW["key"], "face_id": f"{ROW['key']}-0", "split_group": "x", "status": "kept"}
    crops = FACE_CROPS.from_rows([crop | {"sha256": "0b" * 32, "phash": "8f0f00ff1234567f"}])
    commit(built, "face_crops", crops)
    assert judge(built, opt_out=OptOut.of(entry)).state("face_crops", SHARD).state is State.STALE
    other = OptOut.of("0c" * 32, "phash:8f0f00ff12345678/2")
    assert judge(built, opt_out=other).state("face_crops", SHARD).state is State.DONE


@pytest.mark.parametrize("entry", [HASHES["sha256"], f"phash:{HASHES['phash']}"])
def test_a_row_may_come_back_when_its_entry_is_taken_back(built, entry) -> None:
    provenance = built.read_provenance("raw_shards", SHARD)
    left_out = ledger(status="opted_out", error_message="on the opt-out list by sha256")
    built.commit(left_out, replace(provenance, counts={"opted_out": 1}))
    assert judge(built, opt_out=OptOut.of(entry)).state("raw_shards", SHARD).state is State.DONE
    state = judge(built).state("raw_shards", SHARD)
    assert state.state is State.STALE
    assert state.reason == "rows were left out that are no longer on the opt-out list"


def test_a_table_of_an_earlier_version_is_judged_by_the_columns_that_it_has(built) -> None:
    path = built.table_path("raw_shards", SHARD)
    table = pq.read_table(path.path)
    pq.write_table(table.drop_columns(["phash", "final_url"]), path.path)
    listed = OptOut.of("file:///x.jpg")
    provenance = built.read_provenance("raw_shards", SHARD)
    assert why_outdated(built, listed, provenance).endswith("by url")
    assert why_outdated(built, OptOut.of("a.net"), provenance) == ""


def test_an_opt_out_of_other_pictures_changes_nothing(built) -> None:
    listed = OptOut.of("other-00000-00000")
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
    state = freshness.whole_dataset_state("quality_report", [SHARD])
    assert (state.state, state.reason) == (State.STALE, "shard_plan changed")


def test_the_report_is_stale_when_a_review_was_scored(built) -> None:
    versions = dataset_versions(built, [SHARD], "quality_report")
    built.write_report_provenance(Provenance("quality_report", "", "v1", versions))
    built.write_text(score_path(built), "{}")
    state = judge(built).whole_dataset_state("quality_report", [SHARD])
    assert (state.state, state.reason) == (State.STALE, "review changed")


def test_the_search_for_duplicates_is_stale_when_the_searched_shards_are_others(built) -> None:
    def state() -> State:
        return judge(built).state("duplicate_faces", "all").state

    assert state() is State.MISSING
    build_duplicates(built, DuplicateSettings(), "v1")
    assert state() is State.DONE
    commit(built, "face_crops", FACE_CROPS.from_rows([]))
    assert state() is State.STALE
    build_duplicates(built, DuplicateSettings(), "v1")
    assert state() is State.DONE
    version = built.read_provenance("face_crops", SHARD).data_version
    built.record_verdict("face_crops", SHARD, Verdict("x", False, True, "no", version))
    assert state() is State.STALE
    build_duplicates(built, DuplicateSettings(), "v0")
    assert state() is State.STALE


def test_a_new_search_for_duplicates_makes_the_report_stale(built) -> None:
    before = dataset_versions(built, [SHARD], "quality_report")
    found = build_duplicates(built, DuplicateSettings(), "v1")
    after = dataset_versions(built, [SHARD], "quality_report")
    assert after == before | {"duplicate_faces/all": found.data_version}
