"""Where a picture that was brought along came from, as its metadata tells.

The dataset's URL says where the bytes are, which for an archive is the archive; whoever opts out
names the URL or the bytes that the picture once had.
"""

import json
from typing import Final

#: Fields of the metadata that name a picture, in lower case: one text, or a list of texts.
_IDENTIFYING: Final = frozenset(
    ("url", "image_url", "img_url", "original_url", "source_url", "other_urls", "sha256")
)


def original_identifiers(metadata: str | None) -> list[str]:
    """URLs and sha256 sums that the picture had before it was brought here.

    Args:
        metadata: Free fields of the side-car, as JSON.
    """
    fields = (json.loads(metadata) if metadata else None) or {}
    found: list[str] = []
    for name, value in fields.items():
        if name.lower() in _IDENTIFYING:
            values = value if isinstance(value, list) else [value]
            found += [text for text in values if isinstance(text, str)]
    return found
