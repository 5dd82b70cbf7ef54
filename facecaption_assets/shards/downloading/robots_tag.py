"""``X-Robots-Tag``: does a response ask not to be used?

Source: developers.google.com/search/docs/crawling-indexing/robots-meta-tag for the syntax; the
directives against machine learning are conventions (noai, noimageai: DeviantArt 2022; noml).
"""

from collections.abc import Iterable
from typing import Final

#: ``none`` stands for noindex and nofollow together.
REFUSING: Final = frozenset({"noai", "noimageai", "noindex", "noimageindex", "noml", "none"})

#: Directives that carry a value behind a colon, and so are no crawler's name.
_WITH_VALUE: Final = frozenset(
    {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}
)


def refusing_directive(headers: Iterable[str], robots_name: str) -> str | None:
    """The first directive that forbids keeping the picture, or None.

    Args:
        headers: Values of all ``X-Robots-Tag`` headers of one response. In a value,
            ``name: directive, …`` is addressed to that crawler alone, until the next name.
        robots_name: Our own name in lower case; ``*`` addresses everybody.
    """
    for header in headers:
        is_ours = True
        for part in header.lower().split(","):
            name, colon, rest = (piece.strip() for piece in part.partition(":"))
            directive = name
            if colon and name not in _WITH_VALUE:
                is_ours, directive = name in ("*", robots_name), rest
            if is_ours and directive in REFUSING:
                return directive
    return None
