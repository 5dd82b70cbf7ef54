"""How long to wait before a request is sent again: numbers only, no clock of its own."""

import random
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from facecaption_assets.shards.downloading.politeness import retry_after_s


@dataclass(frozen=True)
class Backoff:
    """Exponential backoff with full jitter, on top of what the endpoint asks for.

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

    Attributes:
        base_s: Longest wait after the first failure, seconds; it doubles with every further one.
        longest_s: Where the doubling ends, seconds.
        longest_retry_after_s: What an endpoint may ask for at most, seconds.
        longest_busy_s: Time for which endpoints may be too busy for everybody, seconds.
    """

    base_s: float = 0.5
    longest_s: float = 8.0
    longest_retry_after_s: float = 60.0
    longest_busy_s: float = 300.0

    def ceiling_s(self, failures: int) -> float:
        """Longest wait after so many failures in a row, at least one."""
        return min(self.longest_s, self.base_s * 2.0 ** min(failures - 1, 64))

    def wait_s(self, failures: int, asked_for_s: float | None, chance: random.Random) -> float:
        """A wait between what the endpoint asks for and the ceiling beyond that.

        Args:
            failures: Failures in a row, at least one.
            asked_for_s: Seconds that the endpoint asks for, if it does.
            chance: Where the jitter comes from.
        """
        least = min(asked_for_s or 0.0, self.longest_retry_after_s)
        return least + chance.uniform(0, self.ceiling_s(failures))


def asked_wait_s(header: str | None, now: datetime) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, or None.

    Args:
        header: Seconds, also with decimals as some endpoints send them, or an HTTP date.
        now: Present time, with its zone.
    """
    try:
        seconds = float(header or "")
    except ValueError:
        return retry_after_s(header, now)
    return seconds if isfinite(seconds) and seconds >= 0 else None
