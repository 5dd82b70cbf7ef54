"""What is known of one URL: the fields of its ledger row that the plan does not give.

The same record is kept while a shard is in progress (``spool``), and is read back from a shard
that is done when it is materialized again.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from facecaption_assets.schema import RAW_SHARDS
from facecaption_assets.shards.downloading.failures import Failure, FetchFailed
from facecaption_assets.shards.images import PictureRejected, read_header

#: Columns of ``raw_shards`` that are copied from the plan.
PLANNED_COLUMNS: Final = ("key", "url", "alt_text", "metadata", "split_group")

_OWN_COLUMNS: Final = tuple(
    c.name for c in RAW_SHARDS.columns if c.name not in (*PLANNED_COLUMNS, "status")
)


@dataclass(frozen=True)
class Record:
    """What became of a planned URL.

    Attributes:
        key: The picture's key.
        url: The URL as planned; a record of another URL says nothing.
        status: Status of the ledger row.
        settings: Identity of the decisive settings that it came about under.
        is_original: Whether the bytes kept with it are those that were fetched.
        fields: The row's other columns.
    """

    key: str
    url: str
    status: str
    settings: str
    is_original: bool = True
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        """Whether bytes are kept with it."""
        return self.status == "success"

    @property
    def attempts(self) -> int:
        """Tries so far."""
        return int(self.fields.get("attempts") or 0)

    def as_json(self) -> dict[str, Any]:
        """The record as JSON values."""
        return dict(vars(self))

    def changed(self, status: str, fields: dict[str, Any]) -> "Record":
        """The same URL's record with another end."""
        return replace(self, status=status, fields=fields)

    def row(self, planned: Mapping[str, Any]) -> dict[str, object]:
        """The RAW_SHARDS row of a planned picture."""
        given = {name: planned[name] for name in PLANNED_COLUMNS}
        return given | {"status": self.status} | self.fields


def record_of_row(row: dict[str, Any], settings: str, *, is_original: bool) -> Record:
    """The record behind a row of an earlier ledger, which may lack the newer columns."""
    fields = {name: row[name] for name in _OWN_COLUMNS if row.get(name) is not None}
    return Record(row["key"], row["url"], row["status"], settings, is_original, fields)


def failure_fields(failure: Failure) -> dict[str, Any]:
    """The columns that a failure fills."""
    return {
        # Headers may carry bytes that are no UTF-8.
        "error_message": failure.message.encode("utf-8", "backslashreplace").decode(),
        "error_class": failure.error_class,
        "http_status": failure.http_status,
    }


def picture_fields(data: bytes, *, max_bytes: int, max_pixels: int) -> dict[str, Any]:
    """The columns that a picture's bytes fill, judged by the header alone.

    Raises:
        FetchFailed: If the bytes are no picture that can be stored.
    """
    if len(data) > max_bytes:
        message = f"more than {max_bytes} bytes, the setting max_bytes"
        raise FetchFailed(Failure("too_large", "body_too_large", message))
    try:
        header = read_header(data, max_pixels=max_pixels)
    except PictureRejected as error:
        name = "picture_too_large" if error.status == "too_large" else error.status
        raise FetchFailed(Failure(error.status, name, str(error))) from error
    return {
        **header.ledger_columns(),
        "num_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
