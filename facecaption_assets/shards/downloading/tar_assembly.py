"""Spool → tar and ledger rows, in plan order: equal bytes make equal files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from tqdm import tqdm

from facecaption_assets.schema import RAW_SHARDS
from facecaption_assets.shards.downloading.failures import Failure
from facecaption_assets.shards.downloading.flat_columns import flat_table
from facecaption_assets.shards.downloading.judging import Judge
from facecaption_assets.shards.downloading.ledger import Record, failure_fields
from facecaption_assets.shards.downloading.resizing import resized
from facecaption_assets.shards.downloading.row_batches import row_batches
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.downloading.spool import Spool
from facecaption_assets.shards.fetching import store_sample
from facecaption_assets.shards.images import ImageDecodeError
from facecaption_assets.shards.tars import TarWriter


def assemble(plan: pa.Table, spool: Spool, judge: Judge, tar_path: Path) -> pa.Table:
    """Write the tar; return one RAW_SHARDS row per planned row, in the same order.

    Raises:
        LookupError: If the spool knows nothing of a row.
    """
    ledger = [flat_table([], RAW_SHARDS)]
    bar = tqdm(total=plan.num_rows, desc="write pictures", disable=None, leave=False)
    with TarWriter(tar_path) as tar, bar:
        for planned in row_batches(plan):
            rows = [_store(row, spool, judge, tar) for row in planned]
            ledger.append(flat_table(rows, RAW_SHARDS))
            bar.update(len(rows))
    return pa.concat_tables(ledger)


def _store(
    planned: Mapping[str, Any], spool: Spool, judge: Judge, tar: TarWriter
) -> dict[str, object]:
    record, data = _stored(planned["key"], spool, judge)
    row = record.row(planned)
    if record.is_success:
        store_sample(row, data, tar)
    return row


def _stored(key: str, spool: Spool, judge: Judge) -> tuple[Record, bytes]:
    record = spool.get(key)
    if record is None:
        raise LookupError(f"nothing is known of {key}")
    if not record.is_success:
        return record, b""
    data = spool.read(key)
    record = judge.recognised(record, data)
    if not record.is_success:
        return record, b""
    if record.is_original and judge.settings.resize != "none":
        return _resize(record, data, judge.settings)
    return record, data


def _resize(record: Record, data: bytes, settings: DownloadSettings) -> tuple[Record, bytes]:
    try:
        smaller, width, height = resized(data, settings)
    except ImageDecodeError as error:
        failure = Failure("undecodable", "undecodable", str(error), record.fields["http_status"])
        way = {name: record.fields[name] for name in ("attempts", "final_url", "elapsed_s")}
        return record.changed("undecodable", way | failure_fields(failure)), b""
    stored = {"format": "jpg", "num_bytes": len(smaller), "width": width, "height": height}
    upright = {"exif_orientation": 1}
    return record.changed("success", {**record.fields, **stored, **upright}), smaller
