"""Settings of the downloader."""

from dataclasses import dataclass
from math import inf
from typing import Final

from facecaption_assets.setting_checks import require_within

RESIZE_MODES: Final = ("none", "keep_ratio", "border")


@dataclass(frozen=True, kw_only=True)
class DownloadSettings:
    """How pictures are fetched from the web.

    Attributes:
        user_agent: What servers are told; robots rules are looked up under the part before the
            first ``/``. Put a way to reach you behind it.
        concurrency: Most requests in flight.
        host_concurrency: Most requests in flight to one host.
        host_requests_per_s: Most requests begun per second to one host.
        deadline_s: Longest time from a URL's first request to its last byte, redirects and
            robots.txt included, waiting for a turn not included, seconds.
        max_bytes: Largest body that is read.
        max_redirects: Most redirects that are followed; 0-5.
        max_retry_after_s: Longest ``Retry-After`` that is waited for within a run, seconds.
        tries_per_run: Most tries of one URL in one run; another one follows only where the server
            said when to come back.
        max_attempts: Most tries of one URL over all runs.
        respect_robots: Whether robots.txt and ``X-Robots-Tag`` are obeyed.
        allow_local_network: Whether addresses that are not public may be connected to; for tests
            and for pictures on an intranet.
        resize: ``none`` stores the bytes as they came. ``keep_ratio`` shrinks until the shorter
            side is ``resize_to_px``. ``border`` shrinks into a white square of that side. Both
            store a JPEG.
        resize_to_px: Side in px for ``keep_ratio`` and ``border``.
    """

    user_agent: str = "facecaption/0.1"
    concurrency: int = 64
    host_concurrency: int = 4
    host_requests_per_s: float = 20.0
    deadline_s: float = 30.0
    max_bytes: int = 25_000_000
    max_redirects: int = 5
    max_retry_after_s: float = 60.0
    tries_per_run: int = 2
    max_attempts: int = 5
    respect_robots: bool = True
    allow_local_network: bool = False
    resize: str = "none"
    resize_to_px: int = 512

    def __post_init__(self) -> None:
        require_within(
            self,
            concurrency=(1, 1_000),
            host_concurrency=(1, 1_000),
            host_requests_per_s=(0.001, inf),
            deadline_s=(0.001, inf),
            max_bytes=(1, inf),
            max_redirects=(0, 5),
            max_retry_after_s=(0, inf),
            tries_per_run=(1, 100),
            max_attempts=(1, 100),
            resize_to_px=(16, 16_384),
        )
        if self.resize not in RESIZE_MODES:
            raise ValueError(f"resize is {self.resize!r}; allowed is {', '.join(RESIZE_MODES)}")
        if not self.robots_name or not self.user_agent.isprintable():
            raise ValueError(f"user_agent is {self.user_agent!r}; it begins with a name")

    @property
    def robots_name(self) -> str:
        """The product token under which robots rules are looked up (RFC 9309, 2.2.1)."""
        return self.user_agent.partition("/")[0].strip().lower()

    @property
    def decisive(self) -> tuple[object, ...]:
        """The settings that decide which pictures are stored and how; the rest is manners."""
        return (
            self.max_bytes,
            self.max_redirects,
            self.respect_robots,
            self.allow_local_network,
            self.resize,
            self.resize_to_px if self.resize != "none" else 0,
        )
