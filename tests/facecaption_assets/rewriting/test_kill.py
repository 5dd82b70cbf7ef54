import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
import requests

from facecaption_assets.rewriting.cache import FILE_NAME
from tests.rewriting_process import ROOT, echoing_endpoint

CAPTIONS, CONCURRENCY, LATENCY_MS = 400, 8, 20


def start(base_url: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.rewriting_process", base_url, str(folder)]
    process = subprocess.Popen(
        [*command, str(CAPTIONS), str(CONCURRENCY)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "begin\n"
    return process


def asked(base_url: str) -> dict[str, int]:
    counts: dict[str, int] = requests.get(f"{base_url}/count", timeout=10).json()
    return counts


def kept(folder: Path) -> set[str]:
    """Keys of the answers that are on disk."""
    if not (folder / FILE_NAME).exists():
        return set()
    with closing(sqlite3.connect(folder / FILE_NAME)) as file:
        if not file.execute("SELECT name FROM sqlite_master").fetchall():
            return set()
        return {key for (key,) in file.execute("SELECT key FROM answers")}


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_no_kill_has_an_answered_request_sent_again(kills: int, tmp_path: Path) -> None:
    chance = random.Random(kills)
    killed = done = 0
    duplicates = 0
    while killed < kills:
        # Done before it was killed often enough: everything once more, elsewhere.
        folder = tmp_path / str(done)
        asked_when_kept: dict[str, int] = {}
        with echoing_endpoint(LATENCY_MS) as base_url:
            is_done = False
            while not is_done:
                before = sum(asked(base_url).values())
                process = start(base_url, folder)
                # Most kills are to meet requests, some the opening of cache and client. One that
                # came between the last answer and the table leaves nothing to ask.
                while killed % 5 < 4 and sum(asked(base_url).values()) == before:
                    if process.poll() is not None:
                        break
                    time.sleep(0.02)
                try:
                    left = chance.uniform(0, 0.4) if killed < kills else 120
                    is_done = process.communicate(timeout=left)[0] == "end\n"
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.communicate()
                    killed += 1
                counts = asked(base_url)
                for key in kept(folder):
                    asked_when_kept.setdefault(key, counts[key])
            done += 1
        assert counts == asked_when_kept
        assert len(counts) == CAPTIONS
        duplicates += sum(counts.values()) - CAPTIONS
    print(f"{kills} kills, {duplicates} requests sent twice, {done} tables")
    assert duplicates <= CONCURRENCY * kills
