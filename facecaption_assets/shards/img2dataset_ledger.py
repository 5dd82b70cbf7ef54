"""img2dataset's ledger: the Parquet file beside a tar, with a row for every URL it was given.

Rows without a picture say why. What is in the tar belongs to ``tar_index``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from facecaption_assets.shards.json_values import json_fields

#: What tells a ledger from other tables that may lie beside a tar.
_LEDGER_COLUMNS: Final = frozenset(("key", "url", "status"))


@dataclass(frozen=True)
class Ledger:
    """The rows of one ledger."""

    rows: pa.Table

    @cached_property
    def _places(self) -> dict[str, int]:
        keys = self.rows["key"].to_pylist()
        return {str(key): place for place, key in enumerate(keys) if key is not None}

    @property
    def keys(self) -> list[str]:
        """Keys of the rows, in the ledger's order."""
        return list(self._places)

    def find(self, key: str) -> dict[str, Any]:
        """What the ledger says of a key, as JSON values; empty if it does not know it."""
        place = self._places.get(key)
        return {} if place is None else json_fields(self.rows.slice(place, 1).to_pylist()[0])


def read_ledger(path: Path) -> Ledger | None:
    """The ledger in a Parquet file; None if the table in it is something else.

    Raises:
        pyarrow.ArrowException: If it is no Parquet file, or has texts that are no UTF-8.
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        parquet = pq.ParquetFile(file)
        if not _LEDGER_COLUMNS.issubset(parquet.schema_arrow.names):
            return None
        rows = parquet.read(use_threads=False)
    rows.validate(full=True)
    return Ledger(rows)


def why_missing(row: Mapping[str, Any]) -> str | None:
    """Why img2dataset has no picture for a row of its; None where it does not say."""
    status, message = row.get("status"), row.get("error_message")
    if not status or status == "success":
        return None
    return f"{status}: {message}" if message else str(status)
