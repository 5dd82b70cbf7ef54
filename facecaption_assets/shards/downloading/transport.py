"""One answer, read within bounds: what pictures and robots.txt have in common."""

import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import aiohttp
from yarl import URL

from facecaption_assets.shards.downloading.connections import AddressRefused
from facecaption_assets.shards.downloading.failures import Failure, FetchFailed

#: OpenSSL's code of what is wrong with a certificate → error class (openssl-verify(1)).
_CERTIFICATE_FAILURES: Final = {
    9: "certificate_not_yet_valid",
    10: "certificate_expired",
    18: "certificate_self_signed",
    62: "certificate_wrong_host",
    64: "certificate_wrong_host",
}

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

#: Longer bodies wait on disk, so that memory does not grow with requests in flight times size.
_SPILL_BYTES: Final = 1 << 20


@asynccontextmanager
async def answer_to(
    session: aiohttp.ClientSession, url: URL
) -> AsyncIterator[aiohttp.ClientResponse]:
    """The answer to a GET request, its body still unread, redirects not followed.

    Raises:
        FetchFailed: If there is none, also while the body is being read.
    """
    with explained():
        async with session.get(url, allow_redirects=False) as response:
            yield response


def redirect_target(response: aiohttp.ClientResponse) -> URL:
    """Where a redirect leads.

    Raises:
        FetchFailed: With status ``bad_redirect`` if that is no http(s) URL.
    """
    location = response.headers.get("Location", "")
    try:
        if not location:
            raise ValueError("no Location")
        return parse_url(response.url.join(URL(location)))
    except (FetchFailed, ValueError) as error:
        message = f"redirect to {location[:200]!r}: {error}"
        raise FetchFailed(
            Failure("bad_redirect", "bad_location", message, response.status)
        ) from error


async def read_at_most(
    response: aiohttp.ClientResponse, limit: int, folder: Path | None = None
) -> tuple[bytes, bool]:
    """The body's first ``limit`` bytes as they were sent, and whether that is all of it.

    Long bodies wait in ``folder`` while they arrive; in the system's place where it is None.
    """
    size = 0
    with tempfile.SpooledTemporaryFile(
        max_size=_SPILL_BYTES, dir=str(folder) if folder else None
    ) as body:
        async for chunk in response.content.iter_any():
            size += len(chunk)
            body.write(chunk)
            if size > limit:
                break
        body.seek(0)
        return body.read(limit), size <= limit


def parse_url(text: str | URL) -> URL:
    """An http(s) URL with a host.

    Raises:
        FetchFailed: With status ``bad_url``.
    """
    try:
        url = URL(text)
        is_usable = url.scheme in ("http", "https") and bool(url.host) and url.port is not None
    except ValueError as error:
        raise FetchFailed(Failure("bad_url", "bad_url", f"not a URL: {error}")) from error
    if not is_usable:
        message = f"scheme {url.scheme!r} and host {url.host!r}: only http and https are fetched"
        raise FetchFailed(Failure("bad_url", "bad_url", message))
    return url


@contextmanager
def explained() -> Iterator[None]:
    """Turns errors of the HTTP client into failures.

    Other errors of the operating system, such as a full disk, are not the URL's and pass.
    """
    try:
        yield
    except aiohttp.ClientConnectorError as error:
        raise FetchFailed(_no_connection(error)) from error
    except aiohttp.ClientPayloadError as error:
        message = "the connection ended before the body did"
        raise FetchFailed(Failure("truncated", "short_body", message)) from error
    except aiohttp.InvalidURL as error:
        raise FetchFailed(Failure("bad_url", "bad_url", f"not a URL: {error}")) from error
    except (aiohttp.ClientConnectionError, ConnectionError) as error:
        message = f"the connection broke: {error}"
        raise FetchFailed(Failure("unreachable", "disconnected", message)) from error
    except (aiohttp.ClientError, ValueError) as error:
        message = f"the answer cannot be read: {type(error).__name__}"
        raise FetchFailed(Failure("bad_response", "bad_response", message)) from error


def _no_connection(error: aiohttp.ClientConnectorError) -> Failure:
    if isinstance(error.os_error, AddressRefused):
        return Failure(
            "address_refused",
            "address_not_public",
            f"{error.host} is {error.os_error.address}, not a public address; "
            "the setting allow_local_network lifts this",
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Failure("unreachable", "dns_failure", f"{error.host} cannot be looked up")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _no_trust(error)
    if isinstance(error, aiohttp.ClientSSLError):
        return Failure("unreachable", "tls_failure", f"no trusted connection to {error.host}")
    return Failure("unreachable", "connect_failure", f"no connection to {error.host}")


def _no_trust(error: aiohttp.ClientConnectorCertificateError) -> Failure:
    reason = error.certificate_error
    name, why = "certificate_untrusted", str(reason)
    if isinstance(reason, ssl.SSLCertVerificationError):
        name, why = _CERTIFICATE_FAILURES.get(reason.verify_code, name), reason.verify_message
    return Failure("unreachable", name, f"no trust in {error.host}: {why}")
