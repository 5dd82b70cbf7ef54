"""robots.txt of every host, asked once a run (RFC 9309).

A file that is not there allows everything; one that cannot be had now allows nothing now, and its
URLs are worth another try later. The longest matching rule decides (``protego``, BSD-3-Clause).
"""

import asyncio
import zlib
from collections import OrderedDict
from typing import Final

import aiohttp
from protego import Protego
from yarl import URL

from facecaption_assets.shards.downloading.failures import Failure, FetchFailed
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.downloading.transport import (
    REDIRECTS,
    answer_to,
    read_at_most,
    redirect_target,
)

#: As much of a file as is read (RFC 9309, 2.5: at least 500 KiB).
_MAX_BYTES: Final = 500 * 1024

#: RFC 9309, 2.3.1.2.
_MAX_REDIRECTS: Final = 5

#: Hosts whose rules are kept in memory; the least lately asked are forgotten first.
_MAX_HOSTS: Final = 1_000

_Rules = Protego | Failure | None


class Robots:
    """Asks and remembers; for one event loop."""

    def __init__(self, session: aiohttp.ClientSession, settings: DownloadSettings) -> None:
        self._session = session
        self._settings = settings
        self._known: OrderedDict[URL, asyncio.Task[_Rules]] = OrderedDict()

    async def require(self, url: URL) -> None:
        """Return if the URL may be fetched.

        Raises:
            FetchFailed: With status ``robots_disallowed``, or as the request for robots.txt did.
        """
        if not self._settings.respect_robots:
            return
        # Many wait for one answer: the deadline of one of them must not take it from the others.
        rules = await asyncio.shield(self._task(url.origin()))
        if isinstance(rules, Failure):
            raise FetchFailed(rules)
        if rules is not None and not rules.can_fetch(str(url), self._settings.robots_name):
            message = f"robots.txt of {url.host} forbids it to {self._settings.robots_name}"
            raise FetchFailed(Failure("robots_disallowed", "robots_txt", message))

    def _task(self, origin: URL) -> "asyncio.Task[_Rules]":
        task = self._known.get(origin)
        if task is None:
            task = self._known[origin] = asyncio.create_task(self._fetch(origin))
            if len(self._known) > _MAX_HOSTS:
                self._known.popitem(last=False)
        self._known.move_to_end(origin)
        return task

    async def _fetch(self, origin: URL) -> _Rules:
        try:
            async with asyncio.timeout(self._settings.deadline_s):
                return await self._follow(origin / "robots.txt")
        except TimeoutError:
            message = f"robots.txt: no answer within deadline_s = {self._settings.deadline_s:g}"
            return Failure("timed_out", "deadline_robots", message)
        except FetchFailed as error:
            reason = error.failure
            return Failure(reason.status, reason.error_class, f"robots.txt: {reason.message}")

    async def _follow(self, url: URL) -> _Rules:
        for _ in range(_MAX_REDIRECTS + 1):
            async with answer_to(self._session, url) as response:
                if response.status not in REDIRECTS:
                    return await _rules_of(response)
                try:
                    url = redirect_target(response)
                except FetchFailed:
                    return None
        return None


async def _rules_of(response: aiohttp.ClientResponse) -> _Rules:
    code = response.status
    if code == 429 or code >= 500:
        message = f"robots.txt: the server answered {code}, which forbids everything for now"
        return Failure("server_error", "robots_unavailable", message, code)
    if code >= 300:
        return None
    data, _ = await read_at_most(response, _MAX_BYTES)
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("gzip", "deflate"):
        try:
            data = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data, _MAX_BYTES)
        except zlib.error:
            data = b""
    return Protego.parse(data.decode("utf-8", "replace")) if data.strip() else None
