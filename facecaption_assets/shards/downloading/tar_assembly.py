"""Spool → tar and ledger rows, in plan order: equal bytes make equal files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from facecaption_assets.shards.downloading.failures import Failure
from facecaption_assets.shards.downloading.ledger import Record, failure_fields
from facecaption_assets.shards.downloading.resizing import resized
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.downloading.spool import Spool
from facecaption_assets.shards.fetching import store_sample
from facecaption_assets.shards.images import ImageDecodeError
from facecaption_assets.shards.tars import TarWriter


def assemble(
    rows: Sequence[Mapping[str, Any]], spool: Spool, settings: DownloadSettings, tar_path: Path
) -> list[dict[str, object]]:
    """Write the tar; return one RAW_SHARDS row per planned row, in the same order."""
    ledger = []
    with TarWriter(tar_path) as tar:
        for planned in tqdm(rows, desc="write pictures", disable=None, leave=False):
            record = spool.records[planned["key"]]
            if record.is_success:
                data = spool.read(record.key)
                if record.is_original and settings.resize != "none":
                    record, data = _resize(record, data, settings)
            row = record.row(planned)
            if record.is_success:
                store_sample(row, data, tar)
            ledger.append(row)
    return ledger


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
