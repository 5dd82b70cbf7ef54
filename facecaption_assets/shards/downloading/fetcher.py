"""One request for a picture, within bounds: robots, deadline, size, no decompression.

Redirects are answers here; following them is another request, which waits for its own host's turn
(``crawl``). What the bytes are belongs to ``download_shard``.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from yarl import URL

from facecaption_assets.shards.downloading.failures import (
    Failure,
    FetchFailed,
    failure_of_code,
)
from facecaption_assets.shards.downloading.politeness import retry_after_s
from facecaption_assets.shards.downloading.robots import Robots
from facecaption_assets.shards.downloading.robots_tag import refusing_directive
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.downloading.transport import (
    REDIRECTS,
    answer_to,
    read_at_most,
    redirect_target,
)


@dataclass(frozen=True)
class Redirect:
    """The server says that the picture is elsewhere."""

    target: URL
    http_status: int


@dataclass(frozen=True)
class Body:
    """What the server sent, and what it calls it."""

    data: bytes
    http_status: int
    content_type: str


@dataclass
class _Stage:
    name: str = "connecting"


class Fetcher:
    """Makes requests through one session; long bodies wait in ``folder`` while they arrive."""

    def __init__(
        self, session: aiohttp.ClientSession, settings: DownloadSettings, folder: Path
    ) -> None:
        self._session = session
        self._settings = settings
        self._folder = folder
        self._robots = Robots(session, settings)

    async def request(self, url: URL, budget_s: float) -> Redirect | Body:
        """Ask for a URL once.

        Args:
            url: An http(s) URL.
            budget_s: What is left of the URL's deadline, seconds.

        Raises:
            FetchFailed: If there is no whole body of an allowed picture in time.
        """
        stage = _Stage()
        try:
            async with asyncio.timeout(budget_s):
                await self._robots.require(url)
                async with answer_to(self._session, url) as response:
                    stage.name = "receiving"
                    return await self._take(response)
        except TimeoutError:
            limit = f"deadline_s = {self._settings.deadline_s:g}"
            message = f"not complete within the setting {limit}, given up while {stage.name}"
            raise FetchFailed(Failure("timed_out", f"deadline_{stage.name}", message)) from None

    async def _take(self, response: aiohttp.ClientResponse) -> Redirect | Body:
        code = response.status
        self._heed_tag(response)
        if code in REDIRECTS:
            return Redirect(redirect_target(response), code)
        if code != 200:
            wait_s = retry_after_s(response.headers.get("Retry-After"), datetime.now(UTC))
            raise FetchFailed(failure_of_code(code, wait_s))
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", ""):
            message = f"sent as {encoding[:40]!r} although only identity was asked for"
            raise FetchFailed(Failure("content_encoded", "content_encoding", message, code))
        return Body(await self._read(response), code, response.content_type)

    def _heed_tag(self, response: aiohttp.ClientResponse) -> None:
        if not self._settings.respect_robots:
            return
        headers = response.headers.getall("X-Robots-Tag", [])
        directive = refusing_directive(headers, self._settings.robots_name)
        if directive is not None:
            message = f"X-Robots-Tag says {directive}"
            raise FetchFailed(Failure("robots_tag", directive, message, response.status))

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        limit = self._settings.max_bytes
        announced = response.content_length or 0
        if announced <= limit:
            data, is_whole = await read_at_most(response, limit, self._folder)
            if is_whole:
                return data
        message = f"more than {limit} bytes, the setting max_bytes"
        raise FetchFailed(Failure("too_large", "body_too_large", message, response.status))
