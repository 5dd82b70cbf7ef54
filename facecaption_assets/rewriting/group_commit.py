"""Rows from many threads → one writing thread that commits what has come in together.

A commit costs about as much as a hundred rows, so that rows which arrive within milliseconds of
each other share one. Nobody is told that a row is kept before it is committed.
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final

#: Time during which rows gather for a commit, seconds.
GATHERING_S: Final = 0.005

Row = tuple[object, ...]

#: Called in the writing thread once a row's fate is known: with None, or with the error.
Told = Callable[[Exception | None], None]


class GroupCommit:
    """A thread that inserts rows through a connection of its own until it is closed.

    Args:
        connection: Connection in autocommit mode; closed at the end.
        insert: Statement with a place for each value of a row.
    """

    def __init__(self, connection: sqlite3.Connection, insert: str) -> None:
        self._connection = connection
        self._insert = insert
        self._arrived: SimpleQueue[tuple[Row, Told] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="request cache", daemon=True)
        self._thread.start()

    def add(self, row: Row, told: Told) -> None:
        """Have a row inserted soon."""
        self._arrived.put((row, told))

    def close(self) -> None:
        """Commit what has arrived, and end the thread."""
        self._arrived.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while (first := self._arrived.get()) is not None:
            time.sleep(GATHERING_S)
            batch, is_last = [first], False
            while not self._arrived.empty():
                entry = self._arrived.get()
                if entry is None:
                    is_last = True
                    break
                batch.append(entry)
            error = self._commit([row for row, _ in batch])
            for _, told in batch:
                told(error)
            if is_last:
                return

    def _commit(self, rows: list[Row]) -> Exception | None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(self._insert, rows)
            self._connection.execute("COMMIT")
        except Exception as error:
            # Whatever it is: those who wait must hear of it, and the thread must go on.
            if self._connection.in_transaction:
                self._connection.rollback()
            return error
        return None
