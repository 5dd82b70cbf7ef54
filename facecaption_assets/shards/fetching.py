"""Planned rows → a tar of the original bytes and a ledger row for each, fetched or not.

Pictures are judged by their header and stored as found; they are decoded for their perceptual
hashes alone.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from tqdm import tqdm

from facecaption_assets.provenance import stage_hash
from facecaption_assets.schema import RAW_SHARDS
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.images import PictureRejected, read_header
from facecaption_assets.shards.opt_out import OptOut, left_out_by
from facecaption_assets.shards.perceptual_hash import hash_columns
from facecaption_assets.shards.pictures import PictureSource, PictureUnreadable
from facecaption_assets.shards.settings import ShardSettings
from facecaption_assets.shards.tars import TarWriter

_VERSION: Final = 5


def stage_identity(settings: ShardSettings, downloading: DownloadSettings) -> str:
    """Code version of ``raw_shards``.

    The size of shards to come, the gate's threshold and the manners of the downloader do not
    change what is fetched.
    """
    return stage_hash(
        "raw_shards", _VERSION, settings.max_pixels, settings.max_bytes, downloading.decisive
    )


def fetch_shard(
    plan: pa.Table,
    pictures: PictureSource,
    settings: ShardSettings,
    opt_out: OptOut,
    tar_path: Path,
) -> pa.Table:
    """Store what the plan lists; one RAW_SHARDS row per planned row, in the same order."""
    ledger: list[dict[str, object]] = []
    with TarWriter(tar_path) as tar:
        rows = plan.to_pylist()
        for planned in tqdm(rows, desc="fetch pictures", disable=None, leave=False):
            ledger.append(_fetch(planned, pictures, settings, opt_out, tar))
    return RAW_SHARDS.from_rows(ledger)


def _fetch(
    planned: dict[str, Any],
    pictures: PictureSource,
    settings: ShardSettings,
    opt_out: OptOut,
    tar: TarWriter,
) -> dict[str, object]:
    row = {name: planned[name] for name in ("key", "url", "alt_text", "metadata", "split_group")}
    if planned["status"] == "opted_out":
        return row | {"status": "opted_out", "error_message": planned.get("error_message")}
    if (kind := opt_out.covering_row(row)) is not None:
        return row | {"status": "opted_out", "error_message": left_out_by(kind)}
    try:
        data = _read(planned["url"], pictures, settings)
        header = read_header(data, max_pixels=settings.max_pixels)
    except PictureUnreadable as error:
        return row | {"status": "missing", "error_message": str(error)}
    except PictureRejected as error:
        return row | {"status": error.status, "error_message": str(error)}
    hashes = {"sha256": hashlib.sha256(data).hexdigest(), **hash_columns(data)}
    if (kind := opt_out.covering_row(hashes)) is not None:
        return row | hashes | {"status": "opted_out", "error_message": left_out_by(kind)}
    stored = row | header.ledger_columns() | hashes | {"status": "success", "num_bytes": len(data)}
    store_sample(stored, data, tar)
    return stored


def _read(url: str, pictures: PictureSource, settings: ShardSettings) -> bytes:
    data = pictures.read(url, settings.max_bytes)
    if len(data) > settings.max_bytes:
        raise PictureRejected(
            "too_large", f"more than {settings.max_bytes} bytes, the setting max_bytes"
        )
    return data


def store_sample(row: Mapping[str, Any], data: bytes, tar: TarWriter) -> None:
    """Add a picture, its alt-text and what identifies it, as members of its row's key."""
    key = row["key"]
    tar.add(f"{key}.{row['format']}", data)
    if row["alt_text"] is not None:
        tar.add(f"{key}.txt", row["alt_text"].encode())
    record = {name: row[name] for name in ("key", "url", "alt_text", "split_group")}
    tar.add(f"{key}.json", json.dumps(record, ensure_ascii=False, sort_keys=True).encode())
