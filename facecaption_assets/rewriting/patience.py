"""How long one request is insisted on: numbers only, no clock of its own."""

from dataclasses import dataclass

from facecaption_assets.rewriting.backoff import Backoff
from facecaption_assets.rewriting.faults import Fault, Outcome


@dataclass
class Patience:
    """The tries of one request.

    A request that an endpoint is too busy for is not at fault: it is tried again as long as anybody
    is answered now and then. Any other fault is borne ``max_retries`` times.

    Attributes:
        max_retries: Faults that are borne.
        backoff: Longest time without an answer to anybody that busy endpoints are given.
        answers: Answers of all endpoints so far.
        tries: Times that the request was sent.
        failures: Faults, those of busy endpoints left out.
        refusals: Times in a row that an endpoint was too busy.
        busy_since: Time of the first of these after the latest answer to anybody.
    """

    max_retries: int
    backoff: Backoff
    answers: int
    tries: int = 0
    failures: int = 0
    refusals: int = 0
    busy_since: float | None = None

    def note(self, fault: Fault, answers: int, now: float) -> int:
        """Take in a fault.

        Args:
            fault: What has come of the latest try.
            answers: Answers of all endpoints by now.
            now: Present time, by a monotonic clock.

        Returns:
            Faults in a row that the wait before the next try follows from.
        """
        if fault.outcome is not Outcome.BUSY:
            self.failures += 1
            self.refusals, self.busy_since = 0, None
            return self.failures
        if self.busy_since is None or answers > self.answers:
            self.busy_since = now
        self.answers = answers
        self.refusals += 1
        return self.refusals

    def is_over(self, now: float) -> bool:
        """Whether the request is given up."""
        if self.failures > self.max_retries:
            return True
        since = self.busy_since
        return since is not None and now - since > self.backoff.longest_busy_s
