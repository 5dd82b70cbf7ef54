"""Spool → tar and ledger rows, in plan order: equal bytes make equal files."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.json import ParseOptions, ReadOptions, read_json
from tqdm import tqdm

from facecaption_assets.schema import RAW_SHARDS
from facecaption_assets.shards.downloading.failures import Failure
from facecaption_assets.shards.downloading.judging import Judge
from facecaption_assets.shards.downloading.ledger import Record, failure_fields
from facecaption_assets.shards.downloading.resizing import resized
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.downloading.spool import Spool
from facecaption_assets.shards.fetching import store_sample
from facecaption_assets.shards.images import ImageDecodeError
from facecaption_assets.shards.tars import TarWriter


def assemble(
    rows: Iterable[Mapping[str, Any]], spool: Spool, judge: Judge, tar_path: Path
) -> pa.Table:
    """Write the tar; return one RAW_SHARDS row per planned row, in the same order.

    Raises:
        LookupError: If the spool knows nothing of a row.
    """
    # Rows go through a file: as Python objects they would take more memory than all the rest.
    lines = tar_path.with_suffix(".jsonl")
    with TarWriter(tar_path) as tar, lines.open("w", encoding="ascii") as ledger:
        for planned in tqdm(rows, desc="write pictures", disable=None, leave=False):
            record, data = _stored(planned["key"], spool, judge)
            row = record.row(planned)
            if record.is_success:
                store_sample(row, data, tar)
            ledger.write(json.dumps(row) + "\n")
    try:
        return _read(lines)
    finally:
        lines.unlink()


def _read(lines: Path) -> pa.Table:
    if lines.stat().st_size == 0:
        return RAW_SHARDS.from_rows([])
    options = ParseOptions(explicit_schema=RAW_SHARDS.arrow, unexpected_field_behavior="error")
    # Arrow's own pool keeps what it once had; the system's gives it back.
    pool = pa.system_memory_pool()
    table = read_json(lines, ReadOptions(use_threads=False), options, memory_pool=pool)
    # The reader forgets which columns must not be null.
    return table.cast(RAW_SHARDS.arrow)


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
