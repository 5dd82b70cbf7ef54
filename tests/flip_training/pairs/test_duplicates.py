"""Faces that the dataset found to be copies are not trained on."""

import json
from dataclasses import asdict

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flip_training.freshness import stale_reason
from flip_training.pairs.recipes import RECIPES
from flip_training.pairs.training_sets import accounted_rows, build_training_set
from flip_training.presets import tiny
from flip_training.storage import PROVENANCE_KEY, GateFailed, Provenance, Storage, Verdict

LLM = RECIPES["llm"]
SHARDS = ("colours-00000", "colours-00001")
KEPT, DROPPED = f"{SHARDS[0]}-00000-0", f"{SHARDS[1]}-00000-0"


def find_duplicates(storage: Storage, version: str = "v1", **sums: str) -> None:
    """Commit what the dataset would: the first face of the second shard is a copy."""
    crops = {
        row["face_id"]: row["sha256"]
        for shard in SHARDS
        for row in storage.read_table("face_crops", shard).to_pylist()
    }
    rows = [
        {"face_id": face, "group_id": KEPT, "is_kept": face == KEPT, "sha256": crops[face]} | sums
        for face in (KEPT, DROPPED)
    ]
    records = [storage.require("face_crops", shard) for shard in SHARDS]
    inputs = {f"face_crops/{record.partition}": record.data_version for record in records}
    record = Provenance("duplicate_faces", "all", "code", inputs, version, len(rows), {})
    metadata = {PROVENANCE_KEY: json.dumps(asdict(record)).encode()}
    path = storage.table_path("duplicate_faces", "all")
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows).replace_schema_metadata(metadata), path)


def faces(storage: Storage) -> set[str]:
    return set(storage.read_table("training_sets", "llm")["face_id"].to_pylist())


def test_a_copy_is_left_out_and_counted_and_the_kept_face_is_not(storage: Storage) -> None:
    find_duplicates(storage)
    done = build_training_set(storage, LLM)
    assert done.counts["excluded_duplicate"] == 1
    assert done.counts["shards_not_searched_for_duplicates"] == 0
    assert DROPPED not in faces(storage)
    assert KEPT in faces(storage)
    assert accounted_rows(storage, done, LLM) == (24, 24)


def test_an_opted_out_copy_is_counted_as_opted_out(storage: Storage) -> None:
    find_duplicates(storage)
    storage.opt_out_folder.mkdir()
    (storage.opt_out_folder / "list.txt").write_text(DROPPED)
    done = build_training_set(storage, LLM)
    assert done.counts["excluded_opted_out"] == 1
    assert "excluded_duplicate" not in done.counts


def test_without_a_search_all_is_trained_on_and_that_is_said(storage: Storage, caplog) -> None:
    done = build_training_set(storage, LLM)
    assert done.counts["shards_not_searched_for_duplicates"] == 2
    assert done.rows == 24
    assert "2 of 2 shards were not searched for duplicates" in caplog.text


def test_a_face_that_has_another_crop_now_is_no_copy(storage: Storage) -> None:
    find_duplicates(storage, sha256="ab" * 32)
    build_training_set(storage, LLM)
    assert DROPPED in faces(storage)


def test_shards_that_changed_since_the_search_are_counted(storage: Storage, rewrite) -> None:
    find_duplicates(storage)
    rewrite("face_crops", SHARDS[0], lambda index, row: row.update(key="x") if index == 1 else None)
    done = build_training_set(storage, LLM)
    assert done.counts["shards_not_searched_for_duplicates"] == 1
    assert DROPPED not in faces(storage)


def test_a_new_search_makes_the_pairs_stale(storage: Storage) -> None:
    def why() -> str | None:
        reason = stale_reason(storage, "training_sets", LLM, tiny())
        return reason if reason is None or "inputs" in reason else None

    build_training_set(storage, LLM)
    assert why() is None
    for version in ("v1", "v2"):
        find_duplicates(storage, version)
        assert why() == "inputs have changed"
        build_training_set(storage, LLM)
        assert why() is None


def test_a_search_that_failed_its_gate_is_not_trusted(storage: Storage) -> None:
    find_duplicates(storage)
    verdict = Verdict("rows_conserved", False, True, "one row is lost", "v1")
    storage.record_verdict("duplicate_faces", "all", verdict)
    with pytest.raises(GateFailed, match="duplicate_faces of all failed its gate"):
        build_training_set(storage, LLM)
