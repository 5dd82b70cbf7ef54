"""Registered names → the rows of ``shard_plan``: where each picture is and what came with it."""

import json
from typing import Final

import pyarrow as pa

from facecaption_assets.provenance import stage_hash
from facecaption_assets.schema import SHARD_PLAN
from facecaption_assets.shards.opt_out import OptOut, left_out_by
from facecaption_assets.shards.pictures import PictureSource
from facecaption_assets.shards.sources import split_shard_key

_VERSION: Final = 3


def stage_identity() -> str:
    """Code version of ``shard_plan``."""
    return stage_hash("shard_plan", _VERSION)


def plan_shard(shard: str, names: list[str], pictures: PictureSource, opt_out: OptOut) -> pa.Table:
    """One SHARD_PLAN row per name, in the given order, whether or not the picture still exists."""
    source, _ = split_shard_key(shard)
    rows: list[dict[str, object]] = []
    for row, name in enumerate(names):
        key = f"{shard}-{row:05d}"
        url = pictures.url(name)
        side_car = pictures.side_car(name)
        planned: dict[str, object] = {
            "key": key,
            "source": source,
            "url": url,
            "alt_text": side_car.alt_text,
            "metadata": (
                json.dumps(side_car.metadata, ensure_ascii=False, sort_keys=True)
                if side_car.metadata
                else None
            ),
            "split_group": f"{source}/{side_car.person}" if side_car.person else key,
            "fingerprint": pictures.fingerprint(name),
            "status": "planned",
        }
        if (kind := opt_out.covering_row(planned)) is not None:
            planned |= {"status": "opted_out", "error_message": left_out_by(kind)}
        elif side_car.withheld is not None:
            planned |= {"status": "opted_out", "error_message": side_car.withheld}
        rows.append(planned)
    return SHARD_PLAN.from_rows(rows)


def is_downloadable(plan: pa.Table) -> bool:
    """Whether the pictures of a plan or a ledger lie behind http(s) URLs: all do, or none does."""
    web = ("http://", "https://")
    return any(url[:8].lower().startswith(web) for url in plan["url"].to_pylist())
