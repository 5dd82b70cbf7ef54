"""Which URLs are worth another try.

Never what is gone or was refused for good; what our own settings refused, only once these have
changed; the rest until ``max_attempts``.
"""

from typing import Final

import pyarrow as pa

from facecaption_assets.shards.downloading.ledger import Record, record_of_row
from facecaption_assets.shards.downloading.settings import DownloadSettings

#: Gone, or asked not to be used.
FINAL: Final = frozenset({"missing", "bad_url", "opted_out"})

#: Said by robots.txt or ``X-Robots-Tag``: final for as long as these are respected.
RESERVED: Final = frozenset({"robots_disallowed", "robots_tag"})

#: Decided here, from the answer and the settings: the same settings would decide alike.
JUDGED: Final = frozenset(
    {
        "not_an_image",
        "unsupported_format",
        "too_large",
        "content_encoded",
        "bad_redirect",
        "address_refused",
        "undecodable",
    }
)


def worth_another_try(record: Record, settings: DownloadSettings, identity: str) -> bool:
    """Whether a URL that gave no picture may give one when asked again.

    Args:
        record: What became of it.
        settings: Present settings.
        identity: Identity of the present decisive settings.
    """
    if record.is_success or record.status in FINAL:
        return False
    if record.status in RESERVED:
        return not settings.respect_robots
    if record.settings != identity:
        return True
    return record.status not in JUDGED and record.attempts < settings.max_attempts


def count_worth_another_try(
    ledger: pa.Table, settings: DownloadSettings, *, settings_changed: bool
) -> int:
    """Rows of a RAW_SHARDS table that materializing the shard again would ask for again."""
    then = "then" if settings_changed else "now"
    rows = ledger.to_pylist()
    records = (record_of_row(row, then, is_original=True) for row in rows)
    return sum(worth_another_try(record, settings, "now") for record in records)
