"""Faces that are in a benchmark are known by bytes and by perceptual hash, and left out."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flip_training.freshness import stale_reason
from flip_training.pairs.benchmarks import BenchmarkError, Benchmarks
from flip_training.pairs.recipes import RECIPES
from flip_training.pairs.training_sets import accounted_rows, build_training_set
from flip_training.presets import tiny
from flip_training.storage import Storage

LLM = RECIPES["llm"]
SHARD = "colours-00000"
LONG = "0123456789abcdef" * 4


def flipped(digits: str, bits: int) -> str:
    """A hash that differs in so many bits."""
    return f"{int(digits, 16) ^ ((1 << bits) - 1):0{len(digits)}x}"


def write_benchmark(storage: Storage, name: str, *rows: dict[str, str | None]) -> None:
    columns = ("name", "sha256", "phash", "phash256")
    storage.benchmarks_folder.mkdir(exist_ok=True)
    full = [{c: row.get(c) or ("" if c in columns[:2] else None) for c in columns} for row in rows]
    schema = pa.schema([(column, pa.string()) for column in columns])
    path = storage.benchmarks_folder / f"{name}.parquet"
    pq.write_table(pa.Table.from_pylist(full, schema=schema), path)


def test_without_benchmarks_nothing_is_in_one(tmp_path) -> None:
    found = Benchmarks.read(tmp_path / "benchmarks")
    assert not found
    assert found.covering([{"sha256": "a"}]) == [""]


@pytest.mark.parametrize(
    ("picture", "is_in"),
    [
        ({"sha256": "aa"}, True),
        ({"sha256": "bb"}, False),
        ({"phash": flipped(LONG[:16], 8), "phash256": LONG}, True),
        ({"phash": flipped(LONG[:16], 9), "phash256": LONG}, False),
        ({"phash": LONG[:16]}, False),
        ({"phash": LONG[:16], "phash256": flipped(LONG, 32)}, True),
        ({"phash": LONG[:16], "phash256": flipped(LONG, 33)}, False),
        ({"phash": None, "sha256": None}, False),
        ({}, False),
    ],
)
def test_a_copy_is_known_by_bytes_or_by_both_hashes(tmp_path, picture, is_in) -> None:
    storage = Storage(tmp_path)
    row = {"sha256": "aa", "phash": LONG[:16], "phash256": LONG}
    write_benchmark(storage, "celeba", {"sha256": "cc"}, row)
    found = Benchmarks.read(storage.benchmarks_folder).covering([{"sha256": "dd"}, picture])
    assert found == ["", "celeba" if is_in else ""]


@pytest.mark.parametrize("table", ["raw_shards", "face_crops"])
def test_faces_in_a_benchmark_are_left_out_and_counted_by_its_name(storage, rewrite, table) -> None:
    def mark(index: int, row: dict[str, object]) -> None:
        row["phash"], row["phash256"] = (LONG[:16], LONG) if index < 2 else ("f" * 16, "0" * 64)

    rewrite("raw_shards", SHARD, mark)
    key = f"{SHARD}-00005"
    rows = storage.read_table(table, SHARD).to_pylist()
    (sha256,) = (row["sha256"] for row in rows if row["key"] == key and row["sha256"])
    write_benchmark(storage, "celeba", {"phash": LONG[:16], "phash256": LONG})
    write_benchmark(storage, "lfw-test", {"sha256": sha256})
    done = build_training_set(storage, LLM)
    assert done.counts["excluded_benchmark_celeba"] == 2
    assert done.counts["excluded_benchmark_lfw-test"] == 1
    assert key not in storage.read_table("training_sets", "llm")["key"].to_pylist()
    assert accounted_rows(storage, done, LLM) == (24, 24)


def test_a_new_benchmark_makes_the_pairs_stale(storage) -> None:
    build_training_set(storage, LLM)
    write_benchmark(storage, "celeba", {"sha256": "aa"})
    assert stale_reason(storage, "training_sets", LLM, tiny()) == "inputs have changed"


def test_a_file_that_holds_no_hashes_is_named(storage) -> None:
    storage.benchmarks_folder.mkdir()
    pq.write_table(pa.table({"x": [1]}), storage.benchmarks_folder / "odd.parquet")
    with pytest.raises(BenchmarkError, match=r"odd\.parquet has no usable hashes"):
        build_training_set(storage, LLM)
