"""Ids of a part + LAION's Parquet files → the rows of ``laion_face_metadata``.

Files are streamed and never held: memory is the part's ids, a mark and a hash for each, and some
ten thousand rows. The ids come from ``laion_ids``, the files from ``laion_files``.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm
from upath import UPath

from facecaption_assets.long_tables import ROWS_PER_GROUP, LongTableWriter
from facecaption_assets.provenance import stage_hash
from facecaption_assets.schema import LAION_FACE_METADATA
from facecaption_assets.shards.exact_ids import ExactIds
from facecaption_assets.shards.laion_columns import to_column
from facecaption_assets.shards.laion_files import Rows, read_rows
from facecaption_assets.shards.laion_settings import LaionSettings
from facecaption_assets.shards.opt_out import OptOut

_VERSION: Final = 2

_WEB_URL: Final = re.compile(rb"https?://[^\s/]", re.IGNORECASE)

#: Values of each kind that the report lists; it counts all of them.
_LISTED: Final = 1_000


def stage_identity(settings: LaionSettings) -> str:
    """Code version of ``laion_face_metadata``."""
    return stage_hash(
        "laion_face_metadata", _VERSION, settings.ids, settings.metadata, settings.safe_list
    )


@dataclass
class PartReport:
    """What was found besides the rows.

    Attributes:
        rows_read: Rows of the files.
        repeated_rows: Rows that repeat the id of an earlier one; the first is kept.
        nan_ids: Rows without an id.
        inexact_ids: Rows whose float64 id is no whole number or may stand for several.
        inexact_listed: The first thousand of those values, as text: infinity is one, and not JSON.
        drop_reasons: Ids of the part that were dropped, by reason.
        missing_listed: The first thousand ids that are in no file.
    """

    rows_read: int = 0
    repeated_rows: int = 0
    nan_ids: int = 0
    inexact_ids: int = 0
    inexact_listed: list[str] = field(default_factory=list)
    drop_reasons: dict[str, int] = field(default_factory=dict)
    missing_listed: list[int] = field(default_factory=list)

    def count(self, rows: Rows) -> None:
        """Add what is known of rows before they are matched."""
        self.rows_read += len(rows.found.ids)
        self.nan_ids += rows.found.num_nan
        self.inexact_ids += len(rows.found.inexact)
        room = _LISTED - len(self.inexact_listed)
        self.inexact_listed += [str(float(value)) for value in rows.found.inexact[:room]]


class _Part:
    """The ids of a part, and which of them have been seen in which way."""

    def __init__(self, ids: NDArray[np.int64], safe: NDArray[np.bool_] | None) -> None:
        self.ids = ids
        self.safe = safe
        self.seen = np.zeros(len(ids), np.bool_)
        self._urls: set[bytes] = set()

    def first_rows(self, rows: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
        """Rows of the part's ids that were not seen before, their places, and how many repeat."""
        row, place = match_rows(self.ids, rows.found)
        _, first = np.unique(place, return_index=True)
        first.sort()
        fresh = first[~self.seen[place[first]]]
        self.seen[place[fresh]] = True
        return row[fresh], place[fresh], len(row) - len(fresh)

    def judge(self, url: bytes | None, place: int, opt_out: OptOut) -> str | None:
        """Why the row is dropped, or None."""
        if self.safe is not None and not self.safe[place]:
            return "not_in_safe_list"
        text = _text(url)
        if url is None or text is None:
            return "unusable_url"
        if opt_out.covers(text):
            return "opted_out"
        digest = hashlib.blake2b(url, digest_size=16).digest()
        if digest in self._urls:
            return "repeated_url"
        self._urls.add(digest)
        return None


def _text(url: bytes | None) -> str | None:
    """The URL, where it is one of the web."""
    if url is None or not _WEB_URL.match(url):
        return None
    try:
        return url.decode()
    except UnicodeDecodeError:
        return None


def match_rows(
    ids: NDArray[np.int64], found: ExactIds
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows whose id is among sorted ids, and the places of these ids."""
    if not len(ids):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    place = np.minimum(np.searchsorted(ids, found.ids), len(ids) - 1)
    row = np.flatnonzero(found.exact & (ids[place] == found.ids))
    return row, place[row]


def build_part(
    ids: NDArray[np.int64],
    files: Sequence[UPath],
    safe: NDArray[np.bool_] | None,
    opt_out: OptOut,
    writer: LongTableWriter,
) -> PartReport:
    """Write one LAION_FACE_METADATA row per id: those found in file order, then the missing ones.

    A dropped row holds its id and the reason only: what must not be used is not kept either.

    Args:
        ids: (n,), sorted, each once.
        files: Parquet files, in the order in which the first of repeated rows is chosen.
        safe: (n,), whether the id is on the safe list; None without one.
        opt_out: The opt-out list.
        writer: Takes the rows.
    """
    part, report = _Part(ids, safe), PartReport()
    with tqdm(desc="read LAION rows", unit=" rows", disable=None, leave=False) as progress:
        for file in files:
            for rows in read_rows(file):
                report.count(rows)
                row, place, repeated = part.first_rows(rows)
                report.repeated_rows += repeated
                if len(row):
                    _write_found(part, rows.table.take(row), place, opt_out, writer, report)
                progress.update(len(rows.found.ids))
    _write_missing(ids[~part.seen], writer, report)
    return report


def _write_found(
    part: _Part,
    table: pa.Table,
    places: NDArray[np.int64],
    opt_out: OptOut,
    writer: LongTableWriter,
    report: PartReport,
) -> None:
    urls = table["url"].to_pylist()
    reasons = [
        part.judge(url, place, opt_out) for url, place in zip(urls, places.tolist(), strict=True)
    ]
    for reason, number in Counter(filter(None, reasons)).items():
        report.drop_reasons[reason] = report.drop_reasons.get(reason, 0) + number
    kept = pa.array([reason is None for reason in reasons])
    columns: dict[str, Any] = {
        "sample_id": pa.array(part.ids[places]),
        "status": pa.array(["dropped" if reason else "kept" for reason in reasons]),
        "drop_reason": pa.array(reasons, pa.string()),
    }
    for name in LAION_FACE_METADATA.arrow.names:
        if name not in columns:
            wanted = LAION_FACE_METADATA.arrow.field(name).type
            found = table[name] if name in table.column_names else None
            columns[name] = to_column(found, wanted, kept)
    writer.append(_table(columns))


def _write_missing(ids: NDArray[np.int64], writer: LongTableWriter, report: PartReport) -> None:
    if len(ids):
        report.drop_reasons["not_in_metadata"] = len(ids)
    report.missing_listed = [int(i) for i in ids[:_LISTED]]
    for start in range(0, len(ids), ROWS_PER_GROUP):
        some = ids[start : start + ROWS_PER_GROUP]
        columns: dict[str, Any] = {
            field.name: pa.nulls(len(some), field.type) for field in LAION_FACE_METADATA.arrow
        }
        columns["sample_id"] = pa.array(some)
        columns["status"] = pa.array(["dropped"] * len(some))
        columns["drop_reason"] = pa.array(["not_in_metadata"] * len(some))
        writer.append(_table(columns))


def _table(columns: dict[str, Any]) -> pa.Table:
    schema = LAION_FACE_METADATA.arrow
    return pa.table([columns[name] for name in schema.names], schema=schema)
