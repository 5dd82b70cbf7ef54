"""How far a download is: a bar on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from tqdm import tqdm

#: Time between two lines, seconds.
_EVERY_S: Final = 30.0


class Progress:
    """Counts finished URLs; use as a context manager.

    Args:
        total: URLs to ask for.
        tell: Given a line with rate, success share and time left, about twice a minute and at
            the end.
    """

    def __init__(self, total: int, tell: Callable[[str], None]) -> None:
        self._total = total
        self._tell = tell
        self._done = 0
        self._succeeded = 0
        self._started = self._told = time.monotonic()

    def __enter__(self) -> Self:
        self._bar = tqdm(
            total=self._total, desc="download", unit="URL", disable=None, leave=False, miniters=1
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()
        if kind is None:
            self._tell(self.line(time.monotonic() - self._started))

    def count(self, *, success: bool) -> None:
        """Another URL is finished."""
        self._done += 1
        self._succeeded += success
        if not self._bar.disable:
            self._bar.set_postfix_str(f"{self._share:.0%} success", refresh=False)
        self._bar.update()
        now = time.monotonic()
        if now - self._told >= _EVERY_S:
            self._told = now
            self._tell(self.line(now - self._started))

    @property
    def _share(self) -> float:
        return self._succeeded / self._done if self._done else 0.0

    def line(self, elapsed_s: float) -> str:
        """The state after a time: counts, rate, success share and time left."""
        rate = self._done / elapsed_s if elapsed_s else 0.0
        counts = f"{self._done:,} of {self._total:,} URLs, {rate:.1f}/s, {self._share:.0%} success"
        if self._done == self._total:
            return f"{counts}, done in {_time(elapsed_s)}"
        left = f"{_time((self._total - self._done) / rate)} left" if rate else "time left unknown"
        return f"{counts}, {left}"


def _time(seconds: float) -> str:
    """As a person says it: ``42 s``, ``3 min 20 s``, ``2 h 5 min``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
