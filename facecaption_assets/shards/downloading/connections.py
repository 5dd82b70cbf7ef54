"""The HTTP session: who is connected to, and what is left to the caller.

The address check is made where the socket is made, on the very address that is connected to: so
it holds for every hop, for addresses written as numbers, and for names that answer differently
when asked again. Redirects, decompression, cookies and proxies are all off: ``fetcher`` decides.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from facecaption_assets.shards.downloading.addresses import is_public
from facecaption_assets.shards.downloading.settings import DownloadSettings

#: Lookups that may be waiting at once; a slow name server must not hold up the quick ones.
_LOOKUPS: Final = 32

#: How long an answer is used again, seconds.
_DNS_CACHE_S: Final = 300


class AddressRefused(OSError):
    """The address is not public; nothing was sent to it."""

    def __init__(self, address: str) -> None:
        # The text is the same for every address, or the connection code would merge several
        # refusals into an error of another class.
        super().__init__(errno.EACCES, "not a public address")
        self.address = address


class SystemResolver(AbstractResolver):
    """The system's resolver in threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUPS, thread_name_prefix="lookup")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """All addresses of a host name.

        Raises:
            OSError: If it has none, or is no name that could have any.
        """
        try:
            found = await asyncio.get_running_loop().run_in_executor(
                self._threads,
                lambda: socket.getaddrinfo(
                    host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG
                ),
            )
        except UnicodeError as error:  # A label is empty or too long.
            raise OSError(f"not a host name: {error}") from error
        return [
            ResolveResult(
                hostname=host,
                host=str(sockaddr[0]),
                port=port,
                family=family,
                proto=proto,
                flags=socket.AI_NUMERICHOST,
            )
            for family, _, proto, _, sockaddr in found
        ]

    async def close(self) -> None:
        """Give the threads up; lookups under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


#: Bytes that a connection reads ahead of us; the default of 64 kB is a picture on each of them.
_READ_AHEAD_BYTES: Final = 2**14


def open_session(
    settings: DownloadSettings,
    *,
    resolver: AbstractResolver | None = None,
    is_allowed: Callable[[str], bool] = is_public,
    trust: ssl.SSLContext | None = None,
) -> aiohttp.ClientSession:
    """A session that connects to allowed addresses only; to be closed by the caller.

    Args:
        settings: ``allow_local_network`` lifts the address check.
        resolver: Names → addresses; the system's where None.
        is_allowed: Judge of addresses.
        trust: Whose certificates are believed; the system's authorities where None.
    """
    connector = aiohttp.TCPConnector(
        resolver=resolver or SystemResolver(),
        ttl_dns_cache=_DNS_CACHE_S,
        limit=0,
        ssl=trust or True,
        socket_factory=None if settings.allow_local_network else _guard(is_allowed),
    )
    return aiohttp.ClientSession(
        connector=connector,
        headers={
            "User-Agent": settings.user_agent,
            "Accept": "image/jpeg,image/png,image/webp,*/*;q=0.1",
            "Accept-Encoding": "identity",
        },
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        auto_decompress=False,
        trust_env=False,
        read_bufsize=_READ_AHEAD_BYTES,
    )


def _guard(is_allowed: Callable[[str], bool]) -> Callable[[Any], socket.socket]:
    def make(found: Any) -> socket.socket:
        family, kind, protocol, _, address = found
        if not is_allowed(str(address[0])):
            raise AddressRefused(str(address[0]))
        return socket.socket(family=family, type=kind, proto=protocol)

    return make
