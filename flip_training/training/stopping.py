"""Asking a training to stop: signals are noted, and obeyed after the step that is under way."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class TrainingStopped(RuntimeError):
    """A training was asked to stop, and has written its state.

    Attributes:
        exit_code: What the process ends with, by convention 128 + the signal's number.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class StopSignal:
    """Notes SIGTERM and SIGINT while it is entered; they do not interrupt anything.

    Signals reach a process's main thread only; elsewhere nothing is ever noted.

    Attributes:
        number: The signal that came last; 0 for none.
    """

    def __init__(self) -> None:
        self.number = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "StopSignal":
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def is_noted(self) -> bool:
        """Whether a signal has come."""
        return self.number != 0

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.number = number
