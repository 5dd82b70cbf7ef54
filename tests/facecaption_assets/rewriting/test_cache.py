import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

from facecaption_assets.rewriting.cache import FILE_NAME, CacheUnusable, RequestCache, request_key
from facecaption_assets.rewriting.client import Completion

PAYLOAD = {"model": "m", "messages": [{"role": "user", "content": "h\u00e9"}], "seed": 1}
KEY = request_key(PAYLOAD)
ANSWER = Completion("The man smiles.", 5, 4, "m")


def test_what_was_stored_is_found_later(tmp_path: Path) -> None:
    with RequestCache(tmp_path / "new") as cache:
        assert cache.lookup(KEY) is None
        cache.store(KEY, ANSWER).result(10)
        assert cache.lookup(KEY) == ANSWER
    with RequestCache(tmp_path / "new") as cache:
        assert cache.lookup(request_key(dict(reversed(PAYLOAD.items())))) == ANSWER


def test_the_first_answer_stays(tmp_path: Path) -> None:
    with RequestCache(tmp_path) as cache:
        cache.store(KEY, ANSWER).result(10)
        cache.store(KEY, Completion("Other.", 1, 1, "m")).result(10)
        assert cache.lookup(KEY) == ANSWER


def test_what_nobody_waited_for_is_kept_when_the_cache_is_closed(tmp_path: Path) -> None:
    with RequestCache(tmp_path) as cache:
        for i in range(50):
            cache.store(str(i), ANSWER).cancel()
    with RequestCache(tmp_path) as cache:
        assert all(cache.lookup(str(i)) for i in range(50))


@pytest.mark.parametrize("change", [{"model": "n"}, {"seed": 2}, {"grammar": "root"}])
def test_another_request_has_another_key(change: dict[str, object]) -> None:
    assert request_key(PAYLOAD) != request_key(PAYLOAD | change)


def test_the_key_does_not_change_between_versions() -> None:
    """A change here forgets every answer that users have paid for."""
    key = "ecf9e98ec0641e23113ff3ce8bdc78d0ddd249886517fd4a7f68cc83d4e65667"
    assert request_key({"b": "x", "a": 1}) == key


def test_a_closed_cache_says_how_to_use_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="with"):
        RequestCache(tmp_path).lookup(KEY)
    with pytest.raises(ValueError, match="with"):
        RequestCache(tmp_path).store(KEY, ANSWER)


def test_a_file_of_before_layouts_had_numbers_is_still_read(tmp_path: Path) -> None:
    file = sqlite3.connect(tmp_path / FILE_NAME)
    file.execute(
        "CREATE TABLE answers (key TEXT PRIMARY KEY, text TEXT NOT NULL, prompt_tokens INTEGER "
        "NOT NULL, completion_tokens INTEGER NOT NULL, model TEXT NOT NULL) WITHOUT ROWID"
    )
    file.execute("INSERT INTO answers VALUES (?, 'Paid for.', 3, 2, 'm')", (KEY,))
    file.commit()
    file.close()
    for _ in range(2):
        with RequestCache(tmp_path) as cache:
            assert cache.lookup(KEY) == Completion("Paid for.", 3, 2, "m")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("CREATE TABLE bookmarks (url TEXT)", "another program's, with bookmarks"),
        ("CREATE TABLE answers (question TEXT)", "another program's"),
        ("PRAGMA user_version = 99", "layout 99"),
    ],
)
def test_a_file_of_another_program_or_version_is_left_alone(
    tmp_path: Path, statement: str, told: str
) -> None:
    file = sqlite3.connect(tmp_path / FILE_NAME)
    file.execute(statement)
    file.commit()
    file.close()
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(CacheUnusable, match=told) as caught, RequestCache(tmp_path):
        pass
    assert str(tmp_path / FILE_NAME) in str(caught.value)
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"not a database" * 1000)
    with pytest.raises(CacheUnusable, match=FILE_NAME), RequestCache(tmp_path):
        pass


def test_a_damaged_file_is_named_when_it_is_read(tmp_path: Path) -> None:
    with RequestCache(tmp_path) as cache:
        stored = [cache.store(str(i), Completion("x" * 500, 1, 1, "m")) for i in range(200)]
        assert all(future.result(10) is None for future in stored)
    path = tmp_path / FILE_NAME
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + bytes(len(whole) - 8192))
    with RequestCache(tmp_path) as cache, pytest.raises(CacheUnusable, match=FILE_NAME):
        for i in range(200):
            cache.lookup(str(i))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheUnusable, match="file"), RequestCache(tmp_path / "file" / "cache"):
        pass


def test_a_full_disk_fails_those_who_wait_and_no_others(tmp_path: Path) -> None:
    with RequestCache(tmp_path) as cache:
        cache.store("before", ANSWER).result(10)
    full = _FullCache(tmp_path)
    with full:
        with pytest.raises(CacheUnusable, match="full"):
            full.store("after", Completion("x" * 10**6, 1, 1, "m")).result(10)
        assert full.lookup("before") == ANSWER and full.lookup("after") is None


class _FullCache(RequestCache):
    """SQLite's own bound on a file's size fails as a full disk does."""

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        connection.execute("PRAGMA max_page_count = 8")
        return connection


def test_a_row_that_cannot_be_written_fails_alone_and_leaves_the_cache_usable(
    tmp_path: Path,
) -> None:
    with RequestCache(tmp_path) as cache:
        with pytest.raises(CacheUnusable, match="surrogates"):
            cache.store("bad", Completion("\ud83d", 1, 1, "m")).result(10)
        cache.store("good", ANSWER).result(10)
        assert cache.lookup("good") == ANSWER and cache.lookup("bad") is None


def test_several_threads_share_one_open_cache(tmp_path: Path) -> None:
    kept: list[Future[None]] = []
    with RequestCache(tmp_path) as cache:

        def write(name: int) -> None:
            kept.extend(cache.store(f"{name}-{i}", ANSWER) for i in range(100))

        threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for future in kept:
            future.result(10)
        assert all(cache.lookup(f"{name}-{i}") for name in range(4) for i in range(100))


WRITER = """
import os, signal, sys
from pathlib import Path
from facecaption_assets.rewriting.cache import RequestCache
from facecaption_assets.rewriting.client import Completion
with RequestCache(Path(sys.argv[1])) as cache:
    for group in range(20):
        futures = [
            cache.store(f"{sys.argv[2]}-{i}", Completion(str(i), 1, 1, "m"))
            for i in range(group * 10, group * 10 + 10)
        ]
        for future in futures:
            future.result()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_several_processes_write_at_once_and_death_loses_nothing(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name]) for name in "ab"
    ]
    assert [writer.wait() for writer in writers] == [-9, -9]
    with RequestCache(tmp_path) as cache:
        for name in "ab":
            texts = [cache.lookup(f"{name}-{i}") for i in range(200)]
            assert [t.text for t in texts if t] == [str(i) for i in range(200)]
