"""What a user gives to reach endpoints, addresses and a key: checked before anything is sent."""

import os
from typing import Final
from urllib.parse import urlsplit

from facecaption_assets.rewriting.client import EndpointUnavailable
from facecaption_assets.rewriting.faults import API_KEY_VARIABLE

#: Sent as a key where the user has none: endpoints that ask for none take any.
NO_KEY: Final = "none"


def require_address(address: str) -> None:
    """Refuse an address that no request can be sent to.

    Args:
        address: Of an endpoint, up to and including ``/v1``.

    Raises:
        ValueError: If it is no http(s) address, holds credentials, or goes on after its path. What
            could be a secret is not repeated.
    """
    try:
        url = urlsplit(address)
        is_whole = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:  # A port that is no number, or brackets that do not close.
        is_whole = False
    else:
        if url.username or url.password:
            raise ValueError(
                "base_url holds credentials, and settings are shown and stored; put the key into "
                f"the environment variable {API_KEY_VARIABLE}"
            )
    if not is_whole or "?" in address or "#" in address:
        shown = "" if "@" in address else f" is {address.partition('?')[0]!r}; it"
        raise ValueError(
            f"base_url{shown} must look like http://127.0.0.1:8000/v1, without anything after the "
            "path; several have commas between"
        )


def api_key() -> str:
    """The user's key; ``NO_KEY`` where there is none.

    Raises:
        EndpointUnavailable: If no header can hold it; the message does not repeat it.
    """
    key = os.environ.get(API_KEY_VARIABLE, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise EndpointUnavailable(
            f"the key in {API_KEY_VARIABLE} holds a line break or another character that cannot "
            "be sent; set it to printable ASCII"
        )
    return key or NO_KEY
