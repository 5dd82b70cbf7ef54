"""Why a URL gave no picture.

What the statuses mean is in ``statuses``; whether another try is worth it, in ``retrying``; which
error of the HTTP client is which failure, in ``transport``.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """Why a URL gave no picture.

    Attributes:
        status: Status of the ledger row.
        error_class: What exactly happened, from a small vocabulary.
        message: One sentence for people; names the setting that would lift a refusal.
        http_status: Code of the last answer, where there was one.
        retry_after_s: How long the server asked to be left alone, seconds.
    """

    status: str
    error_class: str
    message: str
    http_status: int | None = None
    retry_after_s: float | None = None


class FetchFailed(Exception):
    """Carries a failure to where the URL's row is written."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def failure_of_code(code: int, retry_after_s: float | None = None) -> Failure:
    """The failure that an HTTP status code other than success and redirect means."""
    if code in (404, 410):
        status = "missing"
    elif code == 429:
        status = "rate_limited"
    elif 400 <= code < 500:
        status = "denied"
    elif 500 <= code < 600:
        status = "server_error"
    else:
        status = "bad_response"
    rest = retry_after_s if code == 429 or code >= 500 else None
    return Failure(status, f"http_{code}", f"the server answered {code}", code, rest)
