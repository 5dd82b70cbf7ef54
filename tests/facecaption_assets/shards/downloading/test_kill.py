import hashlib
import random
import subprocess
import sys
from pathlib import Path

import pytest

from facecaption_assets.shards.downloading.spool import Spool
from facecaption_assets.shards.tars import read_pictures
from facecaption_assets.storage import Storage

SHARDS, ROWS, KILLS = 3, 60, 50
ROOT = Path(__file__).parents[4]


def start(storage: Storage, base: str, version: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.downloading_process", storage.home, base]
    process = subprocess.Popen(
        [*command, str(SHARDS), str(ROWS), str(version)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "begin\n"
    return process


def check_final_names(storage: Storage) -> set[str]:
    """Every file under a final name opens and matches its ledger; URLs of all successes."""
    urls = set()
    for tar in Path(storage.home, "raw_shards").glob("*.tar"):
        with tar.open("rb") as file:
            sums = {key: hashlib.sha256(data).hexdigest() for key, data in read_pictures(file)}
        if tar.with_suffix(".parquet").exists():
            rows = storage.read_table("raw_shards", tar.stem).to_pylist()
            successes = [row for row in rows if row["status"] == "success"]
            assert {row["key"]: row["sha256"] for row in successes} == sums
            assert len(rows) == ROWS
            urls |= {row["url"] for row in successes}
    names = {path.suffix for path in Path(storage.home, "raw_shards").glob("*")}
    assert names <= {".tar", ".parquet"}
    return urls


def spooled(storage: Storage) -> set[str]:
    urls = set()
    for index in range(SHARDS):
        folder = storage.download_spool(f"web-{index:05d}")
        if folder.exists():
            with Spool(folder) as spool:
                records = [spool.get(key) for key in spool]
                urls |= {record.url for record in records if record.is_success}
    return urls


@pytest.mark.slow
def test_no_kill_tears_a_shard_or_loses_a_picture(server, storage) -> None:
    chance = random.Random(20)
    asked_when_kept: dict[str, int] = {}
    kills, version = 0, 1
    while True:
        process = start(storage, server.base, version)
        try:
            process.wait(timeout=chance.uniform(0, 0.35))
        except subprocess.TimeoutExpired:
            process.kill()
            kills += 1
        process.stdout.close()
        process.wait()
        for url in check_final_names(storage) | spooled(storage):
            asked_when_kept.setdefault(url, server.asked[url.removeprefix(server.base)])
        if process.returncode == 0 and kills >= KILLS and version > 1:
            break
        # Done before it was killed often enough: everything once more, over what is there.
        version += process.returncode == 0
    assert len(storage.partitions("raw_shards")) == SHARDS
    assert len(asked_when_kept) == SHARDS * ROWS * 9 // 10
    asked_since = {
        url: server.asked[url.removeprefix(server.base)] - times
        for url, times in asked_when_kept.items()
    }
    assert set(asked_since.values()) == {0}
