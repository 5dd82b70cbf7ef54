"""Statuses that only rows of downloaded pictures have; without the weight of the HTTP client."""

from collections.abc import Mapping
from typing import Final

#: Status → what it means. Those that files have too (``missing``, ``truncated``, …) are not
#: repeated.
DOWNLOAD_STATUSES: Final[Mapping[str, str]] = {
    "denied": "the server answered 4xx, other than 404, 410 and 429",
    "rate_limited": "the server answered 429, or had asked to be left alone",
    "server_error": "the server answered 5xx, for the picture or for its robots.txt",
    "bad_response": "the answer is no HTTP, or has a code that no picture comes with",
    "bad_redirect": "redirects in a circle, too many of them, or to no http(s) URL",
    "bad_url": "not an http(s) URL with a host",
    "address_refused": "the host's address is not public",
    "unreachable": "no such host, no connection, or one that broke",
    "timed_out": "not complete within the deadline",
    "content_encoded": "compressed although that was not asked for; never unpacked",
    "robots_disallowed": "robots.txt forbids it",
    "robots_tag": "X-Robots-Tag forbids it",
    "undecodable": "the pixels cannot be decoded, found when resizing",
}
