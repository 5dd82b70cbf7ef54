"""What a run in this process tells the terminal while it runs: the stage, and its messages.

Dagster sends what a step prints to the step's log, so this listens to the run's events and writes
past that. How a run ended belongs to ``building``.
"""

import logging
import os
import uuid
from types import TracebackType
from typing import Final, Self

import dagster as dg
from rich.console import Console

_INDENT: Final = "    "


class Narrator:
    """Listens to one run of an instance; use as a context manager.

    Attributes:
        run_id: What the run is to be called.
    """

    def __init__(self, instance: dg.DagsterInstance, partition: str) -> None:
        self.run_id = str(uuid.uuid4())
        self._partition = partition
        # A copy of the terminal's descriptor: a step's own output goes elsewhere.
        self._console = Console(
            file=os.fdopen(os.dup(2), "w", encoding="utf-8"),
            highlight=False,
            markup=False,
            emoji=False,
        )
        self._status = self._console.status("")
        instance.add_event_listener(self.run_id, self._hear)

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._status.stop()
        self._console.file.close()

    def _hear(self, event: dg.EventLogEntry) -> None:
        if event.dagster_event is None:
            if int(event.level) >= logging.INFO:
                self._console.print(f"{_INDENT}{event.step_key}: {event.user_message}")
        elif event.dagster_event.event_type is dg.DagsterEventType.STEP_START:
            self._status.update(f"{event.step_key} of {self._partition}".removesuffix(" of "))
