"""Durable memory of what an endpoint has answered.

One SQLite file, keyed by the hash of the whole request, whichever endpoint answers it. Several
threads and processes may use it at once. A stored answer survives the death of the process; after
a power cut the last few may have to be asked again. The file only grows: it may be deleted while
nothing runs, and then everything is asked again.
"""

import hashlib
import json
import sqlite3
from concurrent.futures import Future, InvalidStateError
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from filelock import FileLock

from facecaption_assets.rewriting.client import Completion, Payload
from facecaption_assets.rewriting.group_commit import GroupCommit

#: Name of the cache's file in its folder.
FILE_NAME: Final = "answers.sqlite3"

#: Longest wait for another process's write, seconds.
BUSY_TIMEOUT_S: Final = 60.0

#: Layout of the file; kept in its ``user_version``, where files of before that have 0.
LAYOUT: Final = 1

_CREATE: Final = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    model TEXT NOT NULL
) WITHOUT ROWID
"""
_COLUMNS: Final = ["key", "text", "prompt_tokens", "completion_tokens", "model"]
_INSERT: Final = "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?)"
_SELECT: Final = "SELECT text, prompt_tokens, completion_tokens, model FROM answers WHERE key = ?"


class CacheUnusable(RuntimeError):
    """The cache's file cannot be read or written, or is no cache of ours."""


def request_key(payload: Payload) -> str:
    """sha256 of the request in canonical JSON: equal requests, equal keys."""
    canonical = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


class RequestCache:
    """The answers in a folder; a context manager that holds the file open.

    Attributes:
        folder: Folder of the cache's file; created if absent. It must be local: SQLite's
            write-ahead log does not work on network file systems.

    Raises:
        CacheUnusable: On entering, if the file is damaged, foreign, or of a newer version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._reading: sqlite3.Connection | None = None
        self._writing: GroupCommit | None = None

    @property
    def path(self) -> Path:
        """The cache's file."""
        return self.folder / FILE_NAME

    def __enter__(self) -> Self:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # SQLite does not wait for its turn to switch the journal's mode: openers take turns.
            with FileLock(self.folder / ".opening.lock"):
                self._reading = self._connect()
                _prepare(self._reading)
            self._writing = GroupCommit(self._connect(), _INSERT)
        except (sqlite3.Error, OSError, _Foreign) as error:
            self.__exit__(None, None, None)
            raise self._unusable(error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._writing is not None:
            self._writing.close()
            self._writing = None
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def lookup(self, key: str) -> Completion | None:
        """The stored answer to the request with this key, if there is one.

        Raises:
            CacheUnusable: If the file cannot be read.
        """
        if self._reading is None:
            raise ValueError(f"the request cache in {self.folder} is not open; use it in a with")
        try:
            with closing(self._reading.execute(_SELECT, (key,))) as cursor:
                row = cursor.fetchone()
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        return Completion(*row) if row else None

    def store(self, key: str, answer: Completion) -> Future[None]:
        """Keep an answer; the first one to a request stays.

        Returns:
            Done when the answer is durable; fails with ``CacheUnusable`` if it cannot be kept.
        """
        if self._writing is None:
            raise ValueError(f"the request cache in {self.folder} is not open; use it in a with")
        kept: Future[None] = Future()
        row = (key, answer.text, answer.prompt_tokens, answer.completion_tokens, answer.model)
        self._writing.add(row, lambda error: self._settle(kept, error))
        return kept

    def _settle(self, kept: Future[None], error: Exception | None) -> None:
        with suppress(InvalidStateError):  # Whoever waited for it does so no longer.
            if error is None:
                kept.set_result(None)
            else:
                kept.set_exception(self._unusable(error))

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,  # one thread at a time, not always the opening one
        )

    def _unusable(self, error: Exception) -> CacheUnusable:
        return CacheUnusable(
            f"the request cache {self.path} cannot be used: {error}. Free the disk if it is full; "
            "else move the file away, and what it remembers is asked again."
        )


class _Foreign(Exception):
    """The file is SQLite's, but not as this version writes it."""


def _prepare(connection: sqlite3.Connection) -> None:
    """Check that the file is ours, or make it so where it is new."""
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    if layout > LAYOUT:
        raise _Foreign(f"it has layout {layout}, and this version knows {LAYOUT}")
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
    columns = [row[1] for row in connection.execute("PRAGMA table_info(answers)")]
    if tables and columns != _COLUMNS:
        raise _Foreign(f"it is another program's, with {', '.join(tables)}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(_CREATE)
    if layout < LAYOUT:
        connection.execute(f"PRAGMA user_version = {LAYOUT}")
