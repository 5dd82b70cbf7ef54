"""What follows from each way in which a request can fail.

=============================================================  ===================================
fault                                                          outcome
=============================================================  ===================================
no connection: refused, unknown host, TLS                      sent again; then the shard stops
reset, or disconnected within the answer; no HTTP              sent again; then refused alone
no whole answer in time, be it silent or dripping              sent again; then refused alone
500, 503 and other 5xx, 408, 409, 425                          sent again; then refused alone
200 with no JSON, HTML, no choices, a body that is too long    sent again; then refused alone
429; 503 and 529 with Retry-After                              sent again while others are answered
400, 413, 422 and other 4xx; finish_reason content_filter      refused alone, at once
401, 403                                                       the shard stops, naming the key
404                                                            the shard stops, naming the model
402, 405, a redirect, 429 with insufficient_quota              the shard stops, naming the address
200 with an error in the body                                  as the status that the error names
content null, finish_reason length, another content type       an answer, verified as any other
=============================================================  ===================================

"Refused alone" is a row with a reason; "the shard stops" writes nothing and keeps what was
answered in the cache. An endpoint that gives nothing but faults is given up on by ``endpoints``.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from facecaption_assets.rewriting.answers import (
    ContentFiltered,
    MalformedAnswer,
    ReportedError,
    quote,
)
from facecaption_assets.rewriting.backoff import asked_wait_s

if TYPE_CHECKING:
    import openai

#: Environment variable of the endpoints' key.
API_KEY_VARIABLE: Final = "FACECAPTION_LLM_API_KEY"


class Outcome(StrEnum):
    """What follows from a fault."""

    UNREACHABLE = "unreachable"
    BROKEN = "broken"
    BUSY = "busy"
    REFUSED = "refused"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True)
class Fault:
    """A request that failed: what follows, why, and the wait that the endpoint asks for."""

    outcome: Outcome
    message: str
    retry_after_s: float | None = None


#: Statuses of an endpoint that is well but busy if it says when to come back.
_OVERLOADED: Final = frozenset({503, 529})

#: Client errors that pass.
_PASSING: Final = frozenset({408, 409, 425})

#: What a user has to change, by status.
_REMEDIES: Final = {
    401: f"the endpoint does not know the key; set {API_KEY_VARIABLE}",
    403: f"the key may not do this; set {API_KEY_VARIABLE} to one that may",
    402: "the endpoint wants to be paid first",
    404: "it has no such address, or not the model in RewriteSettings.model",
    405: "this is no chat endpoint; RewriteSettings.base_url goes up to and including /v1",
}


def fault_of(error: Exception) -> Fault:
    """What follows from an error of the client library, the network, or the answer.

    Raises:
        Exception: The error itself, if it comes from none of these.
    """
    import openai

    match error:
        case openai.APIStatusError():
            return _status_fault(error)
        case ReportedError():
            return _fault_by_status(error.status, str(error), None)
        case ContentFiltered():
            return Fault(Outcome.REFUSED, str(error))
        case MalformedAnswer():
            return Fault(Outcome.BROKEN, f"the answer is unusable: {error}")
    return _connection_fault(error)


def _connection_fault(error: Exception) -> Fault:
    import aiohttp
    import openai

    if _never_connected(error):
        return Fault(Outcome.UNREACHABLE, f"no connection: {quote(_cause(error))}")
    if isinstance(error, (TimeoutError, openai.APITimeoutError)):
        return Fault(Outcome.BROKEN, "no whole answer in time")
    if isinstance(error, (openai.APIError, aiohttp.ClientError, OSError)):
        return Fault(Outcome.BROKEN, f"the connection broke: {quote(_cause(error))}")
    raise error


def _status_fault(error: "openai.APIStatusError") -> Fault:
    wait = asked_wait_s(error.response.headers.get("retry-after"), datetime.now(UTC))
    said = error.message.removeprefix(f"Error code: {error.status_code} - ")
    text = json.dumps(error.body) if isinstance(error.body, list) else said
    if error.code == "insufficient_quota":
        return Fault(Outcome.MISCONFIGURED, f"the account's quota is used up: {quote(text)}")
    return _fault_by_status(error.status_code, quote(text), wait)


def _fault_by_status(status: int, text: str, wait: float | None) -> Fault:
    message = f"HTTP {status}: {text}"
    if status == 429 or (status in _OVERLOADED and wait is not None):
        return Fault(Outcome.BUSY, message, wait)
    if status < 400:
        hint = "the endpoint redirects; put the address it leads to into RewriteSettings.base_url"
        return Fault(Outcome.MISCONFIGURED, f"{message} ({hint})")
    if status in _REMEDIES:
        return Fault(Outcome.MISCONFIGURED, f"{message} ({_REMEDIES[status]})")
    if status >= 500 or status in _PASSING:
        return Fault(Outcome.BROKEN, message, wait)
    return Fault(Outcome.REFUSED, message)


def _chain(error: BaseException) -> list[BaseException]:
    links = [error]
    while cause := links[-1].__cause__:
        links.append(cause)
    return links


def _cause(error: BaseException) -> str:
    """The first error of the chain: the library's own say "Connection error."."""
    first = _chain(error)[-1]
    return str(first) or type(first).__name__


def _never_connected(error: BaseException) -> bool:
    import aiohttp

    failed = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
    return any(isinstance(link, failed) for link in _chain(error))
