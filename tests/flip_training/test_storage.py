"""What a commit leaves on disk, and what is refused."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flip_training.schema import FLIP_CHECKPOINTS
from flip_training.storage import (
    PROVENANCE_KEY,
    GateFailed,
    PartitionMissing,
    Provenance,
    Storage,
    Verdict,
)

ROW = dict.fromkeys(("epoch", "loss_itc", "loss_itm", "lr", "temp", "alpha", "samples_per_s"), 1.0)
PROVENANCE = Provenance("flip_checkpoints", "llm", "code", {"training_sets/llm": "v1"})


def history(grad_norm: float = 1.0) -> pa.Table:
    row = {**ROW, "step": 1, "temp_at_bound": False, "peak_memory": 1, "grad_norm": grad_norm}
    return pa.Table.from_pylist([row], schema=FLIP_CHECKPOINTS.arrow)


def model_folder(path: Path, content: str) -> Path:
    path.mkdir()
    (path / "model.safetensors").write_text(content)
    return path


def test_provenance_is_the_datasets_record(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    done = storage.commit(history(), PROVENANCE)
    metadata = pq.read_metadata(storage.table_path("flip_checkpoints", "llm")).metadata
    assert json.loads(metadata[PROVENANCE_KEY]) == {
        "asset": "flip_checkpoints",
        "partition": "llm",
        "code_version": "code",
        "input_versions": {"training_sets/llm": "v1"},
        "data_version": done.data_version,
        "rows": 1,
        "counts": {},
        "wall_s": None,
        "cpu_s": None,
    }
    assert storage.read_provenance("flip_checkpoints", "llm") == done


def test_the_version_of_a_model_is_that_of_its_files(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "home")
    first = storage.commit(history(1.0), PROVENANCE, model_folder(tmp_path / "a", "weights"))
    faster = storage.commit(history(2.0), PROVENANCE, model_folder(tmp_path / "b", "weights"))
    other = storage.commit(history(2.0), PROVENANCE, model_folder(tmp_path / "c", "others"))
    assert first.data_version == faster.data_version != other.data_version
    assert (storage.model_path("llm") / "model.safetensors").read_text() == "others"


def test_a_crash_while_a_model_is_replaced_leaves_the_partition_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage(tmp_path / "home")
    storage.commit(history(), PROVENANCE, model_folder(tmp_path / "a", "weights"))

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flip_training.storage.replace_folder", crash)
    with pytest.raises(KeyboardInterrupt):
        storage.commit(history(), PROVENANCE, model_folder(tmp_path / "b", "others"))
    assert storage.read_provenance("flip_checkpoints", "llm") is None


def test_a_table_of_another_schema_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not the schema"):
        Storage(tmp_path).commit(history().drop_columns(["temp"]), PROVENANCE)
    assert Storage(tmp_path).partitions("flip_checkpoints") == []


def test_verdicts_are_of_one_version(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    first = storage.commit(history(1.0), PROVENANCE)
    verdict = Verdict("loss_finite", False, True, "it is not", first.data_version)
    storage.record_verdict("flip_checkpoints", "llm", verdict)
    with pytest.raises(GateFailed, match="loss_finite: it is not"):
        storage.require("flip_checkpoints", "llm")
    second = storage.commit(history(2.0), PROVENANCE)
    assert storage.read_verdicts("flip_checkpoints", "llm") == []
    assert storage.require("flip_checkpoints", "llm") == second


def test_what_is_not_built_is_named(tmp_path: Path) -> None:
    for read in (Storage(tmp_path).require, Storage(tmp_path).read_table):
        with pytest.raises(PartitionMissing, match="training_sets of llm is not built"):
            read("training_sets", "llm")


def test_a_url_is_no_data_root_for_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACECAPTION_HOME", "s3://bucket/data")
    with pytest.raises(ValueError, match="FACECAPTION_HOME='s3://bucket/data' is a URL"):
        Storage.from_environment()
