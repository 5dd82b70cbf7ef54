"""Many URLs through one fetcher: turns, redirects, tries and deadlines.

Every request waits for its host's turn, a redirected one for that of its new host. What is kept
of an outcome is decided by the caller, who is told of each as it comes.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from yarl import URL

from facecaption_assets.shards.downloading.failures import Failure, FetchFailed
from facecaption_assets.shards.downloading.fetcher import Body, Fetcher, Redirect
from facecaption_assets.shards.downloading.politeness import HostQueue
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.downloading.transport import parse_url
from facecaption_assets.shards.opt_out import left_out_by
from facecaption_assets.shards.opt_out_entries import Kind


@dataclass(slots=True)
class Job:
    """One planned URL on its way.

    Attributes:
        key: The picture's key.
        planned: The URL as planned.
        attempts: Tries so far, those of earlier runs included.
    """

    key: str
    planned: str
    attempts: int = 0
    tries: int = 0
    spent_s: float = 0.0
    elapsed_s: float = 0.0
    path: tuple[URL, ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        """The ledger columns that tell of the way and not of its end."""
        final = str(self.path[-1]) if self.path else None
        return {
            "attempts": self.attempts,
            "final_url": final,
            "elapsed_s": round(self.elapsed_s, 3),
        }


class Crawl:
    """One run over the URLs of a shard; for one event loop.

    Args:
        fetcher: Makes the requests.
        settings: Limits and manners.
        opted_out_by: Kind of the opt-out entry by which a URL that a redirect leads to must not be
            asked; None where it may be.
        finish: Told the job and what it ended with.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        settings: DownloadSettings,
        opted_out_by: Callable[[str], Kind | None],
        finish: Callable[[Job, Body | Failure], None],
    ) -> None:
        self._fetcher = fetcher
        self._settings = settings
        self._opted_out_by = opted_out_by
        self._finish = finish
        self._queue = HostQueue[Job](settings.host_concurrency, settings.host_requests_per_s)
        self._resting: dict[str, Failure] = {}
        self._left = 0
        self._in_flight = 0
        self._wake = asyncio.Event()

    async def run(self, jobs: deque[Job]) -> None:
        """Bring every job to its end; they are taken out, to be forgotten one by one."""
        self._left = len(jobs)
        while jobs:
            self._begin(jobs.popleft())
        async with asyncio.TaskGroup() as tasks:
            while self._left:
                free = self._in_flight < self._settings.concurrency
                turn = self._queue.take(time.monotonic()) if free else None
                if turn is None:
                    await self._wait(free)
                    continue
                self._in_flight += 1
                tasks.create_task(self._serve(*turn))

    async def _wait(self, free: bool) -> None:
        """Until a request ends, or somebody's turn has come."""
        next_turn = self._queue.next_turn() if free else None
        timeout = None if next_turn is None else max(0.0, next_turn - time.monotonic())
        self._wake.clear()
        try:
            async with asyncio.timeout(timeout):
                await self._wake.wait()
        except TimeoutError:
            return

    def _begin(self, job: Job) -> None:
        job.path, job.spent_s = (), 0.0
        try:
            host = parse_url(job.planned).host
        except FetchFailed as error:
            self._end(job, error.failure)
        else:
            self._queue.put(host or "", job)

    def _end(self, job: Job, outcome: Body | Failure) -> None:
        self._left -= 1
        self._finish(job, outcome)

    async def _serve(self, host: str, job: Job) -> None:
        # Only now: thousands wait for their turn, and a parsed URL is larger than its text.
        job.path = job.path or (parse_url(job.planned),)
        try:
            outcome = self._resting.get(host) or await self._request(job)
        finally:
            self._in_flight -= 1
            self._queue.done(host)
            self._wake.set()
        if isinstance(outcome, Redirect):
            self._follow(job, outcome)
        elif isinstance(outcome, Failure) and outcome.retry_after_s is not None:
            self._come_back(host, job, outcome, outcome.retry_after_s)
        else:
            self._end(job, outcome)

    async def _request(self, job: Job) -> Redirect | Body | Failure:
        if len(job.path) == 1:
            job.attempts += 1
            job.tries += 1
        started = time.monotonic()
        try:
            budget_s = max(0.0, self._settings.deadline_s - job.spent_s)
            return await self._fetcher.request(job.path[-1], budget_s)
        except FetchFailed as error:
            return error.failure
        finally:
            spent = time.monotonic() - started
            job.spent_s += spent
            job.elapsed_s += spent

    def _follow(self, job: Job, redirect: Redirect) -> None:
        target, code = redirect.target, redirect.http_status
        if (kind := self._opted_out_by(str(target))) is not None:
            job.path += (target,)
            message = f"{left_out_by(kind)}, behind a redirect"
            self._end(job, Failure("opted_out", "opt_out", message, code))
        elif target in job.path:
            message = f"redirected in a circle, back to {target}"
            self._end(job, Failure("bad_redirect", "redirect_loop", message, code))
        elif len(job.path) > self._settings.max_redirects:
            message = f"more than max_redirects = {self._settings.max_redirects} redirects"
            self._end(job, Failure("bad_redirect", "too_many_redirects", message, code))
        else:
            job.path += (target,)
            self._queue.put(target.host or "", job)

    def _come_back(self, host: str, job: Job, failure: Failure, wait_s: float) -> None:
        """Leave the host alone for as long as it asked; give up where that is too long."""
        if wait_s > self._settings.max_retry_after_s:
            limit = self._settings.max_retry_after_s
            message = f"{host} asked for {wait_s:.0f} s of rest; max_retry_after_s is {limit:g}"
            self._resting[host] = Failure("rate_limited", "host_rests", message)
            self._end(job, failure)
            return
        until = time.monotonic() + wait_s
        self._queue.hold(host, until)
        may_retry = job.attempts < self._settings.max_attempts
        if may_retry and job.tries < self._settings.tries_per_run:
            self._begin(job)
        else:
            self._end(job, failure)
