import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from facecaption_assets.provenance import Provenance, Verdict, content_version
from facecaption_assets.schema import SHARD_PLAN
from facecaption_assets.storage import GateFailed, PartitionMissing, Storage


def plan(*names: str) -> pa.Table:
    return SHARD_PLAN.from_rows(
        [
            {
                "key": f"a-00000-{row:05d}",
                "source": "a",
                "url": f"file:///{name}",
                "split_group": name,
                "status": "planned",
            }
            for row, name in enumerate(names)
        ]
    )


PROVENANCE = Provenance("shard_plan", "a-00000", "v1", {"x/y": "1"}, counts={"planned": 1})


def test_a_committed_partition_reads_back_with_its_provenance(storage: Storage) -> None:
    stored = storage.commit(plan("x.jpg"), PROVENANCE)
    assert storage.read_table("shard_plan", "a-00000").equals(plan("x.jpg"))
    assert storage.read_provenance("shard_plan", "a-00000") == stored
    assert stored.rows == 1
    assert stored.data_version == content_version(plan("x.jpg"))
    assert storage.partitions("shard_plan") == ["a-00000"]


def test_equal_contents_have_equal_versions_however_they_are_chunked() -> None:
    whole = plan("x", "y", "z")
    chunked = pa.concat_tables([whole.slice(0, 1), whole.slice(1)])
    assert content_version(whole) == content_version(chunked)
    assert content_version(whole) != content_version(plan("x", "y"))


def test_a_table_of_another_schema_is_not_committed(storage: Storage) -> None:
    with pytest.raises(ValueError, match="shard_plan"):
        storage.commit(pa.table({"key": ["a"]}), PROVENANCE)
    assert storage.partitions("shard_plan") == []


def test_reading_what_is_not_built_names_asset_and_partition(storage: Storage) -> None:
    with pytest.raises(PartitionMissing, match="shard_plan of a-00007"):
        storage.read_table("shard_plan", "a-00007")
    assert storage.read_provenance("shard_plan", "a-00007") is None


def test_nothing_is_left_behind_but_the_partition(storage: Storage) -> None:
    storage.commit(plan("x.jpg"), PROVENANCE)
    home = Path(storage.home)
    files = [p.relative_to(home).as_posix() for p in home.rglob("*") if p.is_file()]
    left = [name for name in files if not name.startswith(".locks/")]
    assert left == ["shard_plan/a-00000.parquet"]


def test_two_writers_of_a_partition_do_not_mix_their_files(storage: Storage, tmp_path) -> None:
    def write(name: str) -> None:
        for _ in range(10):
            tar = tmp_path / f"{name}.tar"
            tar.write_text(name)
            storage.commit(plan(name), PROVENANCE, tar)

    with ThreadPoolExecutor() as writers:
        list(writers.map(write, ["one", "two"]))
    (url,) = storage.read_table("shard_plan", "a-00000")["url"].to_pylist()
    with storage.open_tar("shard_plan", "a-00000") as tar:
        assert url == f"file:///{tar.read().decode()}"


def test_what_killed_processes_left_is_removed_after_a_day(storage: Storage) -> None:
    with storage.staging("shard_plan", "a-00000") as folder:
        fresh = folder.parent / "somebody-at-work"
        old = folder.parent / "killed"
        fresh.mkdir()
        old.mkdir()
    os.utime(old, (0, 0))
    with storage.staging("shard_plan", "a-00000"):
        assert fresh.exists()
        assert not old.exists()
    assert not folder.exists()


def test_a_crash_between_pixels_and_table_leaves_the_partition_absent(
    storage: Storage, tmp_path: Path
) -> None:
    class PowerCut(Exception):
        pass

    class Crashing(Storage):
        def publish(self, local, target) -> None:
            if target.name.endswith(".parquet"):
                raise PowerCut
            super().publish(local, target)

    tar = tmp_path / "pixels.tar"
    tar.write_bytes(b"old")
    storage.commit(plan("x.jpg"), PROVENANCE, tar)
    tar.write_bytes(b"new")
    with pytest.raises(PowerCut):
        Crashing(storage.home).commit(plan("y.jpg"), PROVENANCE, tar)
    assert storage.partitions("shard_plan") == []
    with pytest.raises(PartitionMissing):
        storage.require("shard_plan", "a-00000")


def verdict(version: str, *, passed: bool = False, blocking: bool = True) -> Verdict:
    return Verdict("rows_conserved", passed, blocking, "2 of 3 rows", version)


def test_a_failed_gate_is_refused_with_its_reason(storage: Storage) -> None:
    stored = storage.commit(plan("x.jpg"), PROVENANCE)
    storage.record_verdict("shard_plan", "a-00000", verdict(stored.data_version))
    with pytest.raises(GateFailed, match="rows_conserved: 2 of 3 rows"):
        storage.require("shard_plan", "a-00000")


@pytest.mark.parametrize("change", [{"passed": True}, {"blocking": False}])
def test_a_passed_or_warning_check_lets_through(storage: Storage, change) -> None:
    stored = storage.commit(plan("x.jpg"), PROVENANCE)
    storage.record_verdict("shard_plan", "a-00000", verdict(stored.data_version, **change))
    assert storage.require("shard_plan", "a-00000") == stored


def test_a_verdict_on_older_data_does_not_count(storage: Storage) -> None:
    stored = storage.commit(plan("x.jpg"), PROVENANCE)
    storage.record_verdict("shard_plan", "a-00000", verdict(stored.data_version))
    storage.commit(plan("y.jpg"), PROVENANCE)
    assert storage.read_verdicts("shard_plan", "a-00000") == []
    storage.require("shard_plan", "a-00000")


def test_a_memory_filesystem_serves_as_data_root() -> None:
    remote = Storage("memory://facecaption-test")
    stored = remote.commit(plan("x.jpg"), PROVENANCE)
    assert not remote.is_local
    assert remote.read_table("shard_plan", "a-00000").num_rows == 1
    assert remote.require("shard_plan", "a-00000") == stored
