"""One line of an opt-out file → what it names, in the form in which it is looked up.

The dataset's package reads a line alike. The lists that entries make up belong to ``opt_out``.
"""

import re
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_to_bytes

#: Bits by which a perceptual hash may differ from an entry's where the entry does not say. On the
#: sample, copies that were made smaller, down to a quarter, or encoded anew differ by at most 8 of
#: 64 bits; two unrelated hashes are that close once in two thousand million pairs.
DEFAULT_DISTANCE: Final = 8

#: Most that an entry may ask for: beyond it, other pictures are found rather than copies.
MAX_DISTANCE: Final = 16


class Kind(StrEnum):
    """What an entry names."""

    KEY = "key"
    FACE_ID = "face_id"
    URL = "url"
    DOMAIN = "domain"
    SHA256 = "sha256"
    PHASH = "phash"


class Entry(NamedTuple):
    """What a line names, in canonical form; ``distance`` is of perceptual hashes, in bits."""

    kind: Kind
    name: str
    distance: int = 0


#: A comment starts a line or follows a blank: URLs may hold a ``#``.
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")

_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]*-\d{5}-\d{5}(-\d+)?")
_SHA256: Final = re.compile(r"(?:sha256:)?\s*([0-9a-fA-F]{64})")
_PHASH: Final = re.compile(r"phash:\s*([0-9a-fA-F]{16})(?:/(\d{1,2}))?")
_WEB: Final = re.compile(r"(https?)://([^/?#\\]*)([^#]*)", re.IGNORECASE | re.DOTALL)
_FILE_URL: Final = re.compile(r"file:///\S")
_HOST: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*|\[[0-9a-f:.]+\]")
_PORT: Final = re.compile(r":\d*$")
_PLAIN: Final = re.compile(r"[!#$&-;=?-Z\[\]_a-z~]*")
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}

#: No domain ends like this: it is a file's name, by which nothing can be looked up.
_FILE: Final = re.compile(r".*\.(jpe?g|png|webp|gif|bmp|tiff?|avif|heic|txt|json|csv|parquet|tar)")


def parse_line(line: str) -> Entry | None:
    """The entry of a line; None for a comment or an empty line.

    Raises:
        ValueError: If the line is none of the kinds, so that it would leave nothing out.
    """
    text = _COMMENT.sub("", line).strip() if "#" in line else line.strip()
    if not text:
        return None
    if "://" in text:
        return Entry(Kind.URL, canonical_url(text, strict=True))
    if found := _SHA256.fullmatch(text):
        return Entry(Kind.SHA256, found[1].lower())
    if text.startswith("phash:"):
        return _perceptual(text)
    if found := _ID.fullmatch(text):
        return Entry(Kind.FACE_ID if found[1] else Kind.KEY, text)
    return Entry(Kind.DOMAIN, _domain(text))


def _perceptual(text: str) -> Entry:
    found = _PHASH.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not phash: and 16 hex digits, or these and /BITS")
    distance = DEFAULT_DISTANCE if found[2] is None else int(found[2])
    if distance > MAX_DISTANCE:
        raise ValueError(f"{text!r}: a distance of {distance} bits; at most {MAX_DISTANCE}")
    return Entry(Kind.PHASH, found[1].lower(), distance)


def _domain(text: str) -> str:
    plain = text.removeprefix("domain:").strip()
    host = canonical_host(plain.removeprefix("*").removeprefix("."))
    # A single label may be a misspelt anything, so it counts only where it is called a domain.
    is_told = "." in host or "[" in host or text != plain
    if not _HOST.fullmatch(host) or _FILE.fullmatch(host) or not is_told:
        raise ValueError(
            f"{text!r} is not a picture's key, face_id, http(s) URL, domain, "
            "sha256 (64 hex digits) or phash:HASH (16 hex digits)"
        )
    return host


def canonical(identifier: str) -> str:
    """An identifier of a picture or face in the form of an entry's ``name``."""
    if "://" in identifier:
        return canonical_url(identifier)
    return identifier.lower() if _SHA256.fullmatch(identifier) else identifier


def canonical_host(host: str) -> str:
    """A host name as looked up: lower case, IDNA, without port and final dot."""
    bare = _PORT.sub("", host).lower().rstrip(".")
    if bare.isascii():
        return bare
    import idna  # Its tables are large, and few lists need them.

    try:
        return idna.encode(bare, uts46=True).decode("ascii")
    except idna.IDNAError:
        return bare


def canonical_url(url: str, *, strict: bool = False) -> str:
    """A URL as looked up; one that is not http(s) stays as it is.

    Scheme and host lose their case, the host its final dot, user and default port; the fragment
    goes; an empty path is ``/``; it does not matter which characters are escaped. Case and order
    of all else do.

    Args:
        url: As found.
        strict: Whether what no picture is known by is an error: another scheme, or no host.

    Raises:
        ValueError: If it is strict, and neither an http(s) URL with a host that could be asked,
            nor a file's.
    """
    found = _WEB.match(url)
    if found is None:
        if strict and not _FILE_URL.match(url):
            raise ValueError(f"{url!r} is not an http(s) or file URL")
        return url
    scheme, rest = found[1].lower(), found[3]
    place = found[2].rpartition("@")[2]
    host = canonical_host(place)
    if strict and not _HOST.fullmatch(host):
        raise ValueError(f"{url!r} is a URL without a usable host")
    port = _PORT.search(place) if ":" in place else None
    shown = "" if port is None or port[0] in (":", _DEFAULT_PORTS[scheme]) else port[0]
    if not rest.startswith("/"):
        rest = f"/{rest}"
    if not _PLAIN.fullmatch(rest):
        rest = quote(unquote_to_bytes(rest), safe="!#$%&'()*+,/:;=?@[]~")
    return f"{scheme}://{host}{shown}{rest}"


def url_host(url: str) -> str:
    """The canonical host of an http(s) URL; empty for anything else."""
    found = _WEB.match(url)
    return canonical_host(found[2].rpartition("@")[2]) if found else ""
