"""Durable memory of what an endpoint has answered.

One SQLite file, keyed by the hash of the whole request, whichever endpoint answers it. Several
processes may use it at once. A stored answer survives the death of the process; after a power cut
the last few may have to be asked again.
"""

import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from filelock import FileLock

from facecaption_assets.rewriting.client import Completion, Payload

#: Name of the cache's file in its folder.
FILE_NAME: Final = "answers.sqlite3"

#: Longest wait for another process's write, seconds.
BUSY_TIMEOUT_S: Final = 60.0

_CREATE: Final = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    model TEXT NOT NULL
) WITHOUT ROWID
"""


def request_key(payload: Payload) -> str:
    """sha256 of the request in canonical JSON: equal requests, equal keys."""
    canonical = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


class RequestCache:
    """The answers in a folder; a context manager that holds the file open.

    Attributes:
        folder: Folder of the cache's file; created if absent. It must be local: SQLite's
            write-ahead log does not work on network file systems.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._open = sqlite3.connect(
            self.folder / FILE_NAME,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,  # one thread at a time, not always the opening one
        )
        # SQLite does not wait for its turn to switch the journal's mode: openers take turns here.
        with FileLock(self.folder / ".opening.lock"):
            self._open.execute("PRAGMA journal_mode = WAL")
            self._open.execute("PRAGMA synchronous = NORMAL")
            self._open.execute(_CREATE)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            raise ValueError(f"the request cache in {self.folder} is not open; use it in a with")
        return self._open

    def lookup(self, payload: Payload) -> Completion | None:
        """The stored answer to exactly this request, if there is one."""
        query = "SELECT text, prompt_tokens, completion_tokens, model FROM answers WHERE key = ?"
        with closing(self._connection.execute(query, (request_key(payload),))) as cursor:
            row = cursor.fetchone()
        return Completion(*row) if row else None

    def store(self, payload: Payload, completion: Completion) -> None:
        """Keep an answer; the first one to a request stays."""
        values = (request_key(payload), *astuple(completion))
        self._connection.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?)", values)
