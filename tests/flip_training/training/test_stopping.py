"""Signals that ask a training to stop."""

import os
import signal
from threading import Thread

import pytest

from flip_training.training.stopping import StopSignal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_noted_and_interrupts_nothing(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with StopSignal() as asked:
        assert asked.number == 0
        os.kill(os.getpid(), number)
        assert asked.number == number
    assert signal.getsignal(number) == before


def test_a_thread_notes_nothing() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []

    def enter() -> None:
        with StopSignal():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]
