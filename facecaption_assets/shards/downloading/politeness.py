"""Whose turn it is: requests wait per host, so that no host is asked too often or too soon.

Plain data structure without a clock or a network of its own; ``crawl`` drives it.
"""

import heapq
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar

T = TypeVar("T")


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, or None (RFC 9110, 10.2.3).

    Args:
        header: A number of seconds, or an HTTP date.
        now: Present time, with its zone.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # The latter of numbers that no date has.
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - now).total_seconds())


@dataclass
class _Host(Generic[T]):
    waiting: deque[T] = field(default_factory=deque)
    in_flight: int = 0
    ready_at: float = 0.0
    is_listed: bool = False


class HostQueue(Generic[T]):
    """Items in line, host by host; times are seconds of any clock that only goes forward."""

    def __init__(self, per_host: int, requests_per_s: float) -> None:
        self._per_host = per_host
        self._interval_s = 1.0 / requests_per_s
        self._hosts: dict[str, _Host[T]] = {}
        # (time, tie-breaker, host): hosts that have a waiting item and a free place.
        self._turns: list[tuple[float, int, str]] = []
        self._ticket = 0

    def put(self, host: str, item: T) -> None:
        """Join the line of a host."""
        line = self._hosts.setdefault(host, _Host())
        line.waiting.append(item)
        self._list(host, line)

    def hold(self, host: str, until: float) -> None:
        """Give nobody of the host a turn before then."""
        line = self._hosts.setdefault(host, _Host())
        line.ready_at = max(line.ready_at, until)

    def take(self, now: float) -> tuple[str, T] | None:
        """Whose turn it is, or None while everybody has to wait; ``done`` ends the turn."""
        while self._turns and self._turns[0][0] <= now:
            _, _, host = heapq.heappop(self._turns)
            line = self._hosts[host]
            line.is_listed = False
            if line.ready_at > now:
                self._list(host, line)
                continue
            line.ready_at = now + self._interval_s
            line.in_flight += 1
            item = line.waiting.popleft()
            self._list(host, line)
            return host, item
        return None

    def next_turn(self) -> float | None:
        """Earliest time at which ``take`` may give an item; None when nobody can be next."""
        return self._turns[0][0] if self._turns else None

    def done(self, host: str) -> None:
        """A request to the host has ended."""
        line = self._hosts[host]
        line.in_flight -= 1
        self._list(host, line)

    def _list(self, host: str, line: _Host[T]) -> None:
        if line.is_listed or not line.waiting or line.in_flight >= self._per_host:
            return
        line.is_listed = True
        self._ticket += 1
        heapq.heappush(self._turns, (line.ready_at, self._ticket, host))
