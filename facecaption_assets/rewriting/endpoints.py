"""Which of several endpoints is asked next, and when one that only fails is left alone.

Plain data structure without a clock or a network of its own; ``openai_client`` drives it. The
endpoint with the fewest requests in flight is next. One that has answered nothing but faults for a
while rests, ever longer, and is then asked with one request at a time until it answers. When all
of them have rested often enough, they are down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from facecaption_assets.rewriting.backoff import Backoff
from facecaption_assets.rewriting.faults import Fault

#: Rests without an answer in between after which an endpoint is down.
MAX_RESTS: Final = 5

#: Seconds after which to look again while the one request that may be sent is on its way.
_PROBE_POLL_S: Final = 0.05


@dataclass
class Endpoint:
    """One address and how it is doing.

    Attributes:
        base_url: Address up to and including ``/v1``.
        in_flight: Requests on their way.
        sent: Requests ever sent.
        failures: Faults since its last answer.
        rests: Rests since its last answer; above 0 only one request at a time is sent.
        ready_at: Time before which nothing is sent.
        probe: The request that is out to learn whether a rest has helped.
        last_fault: The latest fault.
    """

    base_url: str
    in_flight: int = 0
    sent: int = 0
    failures: int = 0
    rests: int = 0
    ready_at: float = 0.0
    probe: "Turn | None" = None
    last_fault: Fault | None = None

    def takes(self, now: float) -> bool:
        """Whether a request may be sent now."""
        return self.ready_at <= now and not (self.rests and self.probe)


@dataclass(frozen=True, eq=False)
class Turn:
    """Leave to send one request to an endpoint, given after so many of its rests."""

    endpoint: Endpoint
    rests: int


class EndpointPool:
    """Endpoints that can stand in for each other; times are seconds of a monotonic clock.

    Attributes:
        endpoints: All of them.
        tolerance: Faults in a row after which an endpoint rests. More than one request's tries:
            a request that no endpoint can answer is not held against them.
        answers: Answers of all endpoints.
    """

    def __init__(self, base_urls: Sequence[str], tolerance: int, backoff: Backoff) -> None:
        self.endpoints = [Endpoint(base_url) for base_url in base_urls]
        self.tolerance = tolerance
        self.answers = 0
        self._backoff = backoff

    @property
    def is_failing(self) -> bool:
        """Whether the latest request to every endpoint has failed."""
        return all(endpoint.failures for endpoint in self.endpoints)

    @property
    def is_resting(self) -> bool:
        """Whether no endpoint has answered since its last rest."""
        return all(endpoint.rests for endpoint in self.endpoints)

    @property
    def is_down(self) -> bool:
        """Whether every endpoint has rested more than ``MAX_RESTS`` times without an answer."""
        return all(endpoint.rests > MAX_RESTS for endpoint in self.endpoints)

    def take(self, now: float, avoid: Endpoint | None = None) -> Turn | None:
        """The next endpoint to ask, or None while all have to wait; ``give_back`` ends the turn.

        Args:
            now: Present time.
            avoid: Endpoint that is taken only if there is no other.
        """
        able = [endpoint for endpoint in self.endpoints if endpoint.takes(now)]
        if not able:
            return None
        chosen = min(able, key=lambda e: (e is avoid, e.in_flight, e.sent))
        chosen.in_flight += 1
        chosen.sent += 1
        turn = Turn(chosen, chosen.rests)
        if chosen.rests:
            chosen.probe = turn
        return turn

    def has_other(self, endpoint: Endpoint, now: float) -> bool:
        """Whether another endpoint may be asked now."""
        return any(other is not endpoint and other.takes(now) for other in self.endpoints)

    def wait_s(self, now: float) -> float:
        """Seconds until ``take`` may give a turn."""
        waits = [e.ready_at - now for e in self.endpoints if e.ready_at > now]
        return min(waits, default=_PROBE_POLL_S)

    def give_back(self, turn: Turn) -> None:
        """The request has ended, however."""
        turn.endpoint.in_flight -= 1
        if turn.endpoint.probe is turn:
            turn.endpoint.probe = None

    def note_answer(self, turn: Turn) -> None:
        """The endpoint has answered: it is well, whatever was held against it."""
        turn.endpoint.failures = turn.endpoint.rests = 0
        self.answers += 1

    def note_busy(self, turn: Turn, fault: Fault, now: float) -> None:
        """The endpoint is well but busy; nothing is sent before the time that it asks for."""
        turn.endpoint.last_fault = fault
        pause = min(fault.retry_after_s or 0.0, self._backoff.longest_retry_after_s)
        turn.endpoint.ready_at = max(turn.endpoint.ready_at, now + pause)

    def note_failure(self, turn: Turn, fault: Fault, now: float) -> None:
        """The endpoint has failed; what was sent before its latest rest does not count again."""
        endpoint = turn.endpoint
        endpoint.last_fault = fault
        if turn.rests != endpoint.rests:
            return
        endpoint.failures += 1
        if endpoint.rests or endpoint.failures >= self.tolerance:
            endpoint.rests += 1
            endpoint.ready_at = now + self._backoff.ceiling_s(endpoint.rests)
