"""The sensor that applies a changed opt-out list to what is already built.

It runs by default although it spends compute: whether a picture leaves the dataset must not
depend on somebody's remembering a switch. While the list does not change it does nothing.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

import dagster as dg

from facecaption_assets.defs.jobs import build_shards
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.stage import SKIP_CURRENT_TAG
from facecaption_assets.freshness import SHARD_INPUTS
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.shards.opt_out_effect import why_outdated
from facecaption_assets.storage import Storage

#: Time that one evaluation looks at shards, s; Dagster ends one that takes a minute.
_LOOK_S: Final = 20.0


@dataclass(frozen=True)
class _Progress:
    """How far a list has been applied: its version, and the last shard that was looked at."""

    version: str
    last: str = ""
    is_done: bool = False


@dg.sensor(
    name="apply_opt_outs",
    job=build_shards,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="When the opt-out list changes: one run per shard that keeps rows which are on it "
    "now, or left out rows which are not any more. Only what is built of the shard is rebuilt.",
)
def apply_opt_outs(
    context: dg.SensorEvaluationContext, dataset: Dataset
) -> dg.SensorResult | dg.SkipReason:
    """Look at shards for a while; the next evaluation goes on where this one ended."""
    opt_out, storage = dataset.opt_out, dataset.storage
    progress = _Progress(**json.loads(context.cursor)) if context.cursor else None
    if progress is None or progress.version != opt_out.version:
        progress = _Progress(opt_out.version)
    if progress.is_done:
        return dg.SkipReason("the opt-out list has not changed")
    waiting = sorted(k for k in storage.partitions("shard_plan") if k > progress.last)
    known = set(context.instance.get_dynamic_partitions("shards"))
    requests = []
    started = time.monotonic()
    for shard in waiting:
        if shard in known and (affected := list(_affected(storage, opt_out, shard))):
            requests.append(_request(shard, affected))
        progress = _Progress(opt_out.version, shard)
        if time.monotonic() - started > _LOOK_S:
            break
    is_done = not waiting or progress.last == waiting[-1]
    progress = _Progress(opt_out.version, progress.last, is_done)
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else "no shard that was looked at is concerned",
        cursor=json.dumps(asdict(progress)),
    )


def _affected(storage: Storage, opt_out: OptOut, shard: str) -> Iterator[str]:
    """What is built of the shard, from the first asset on that the list does not agree with."""
    is_affected = False
    for asset in SHARD_INPUTS:
        provenance = storage.read_provenance(asset, shard)
        if provenance is not None:
            is_affected = is_affected or bool(why_outdated(storage, opt_out, provenance))
            if is_affected:
                yield asset


def _request(shard: str, assets: list[str]) -> dg.RunRequest:
    return dg.RunRequest(
        partition_key=shard,
        asset_selection=[dg.AssetKey(asset) for asset in assets],
        tags={SKIP_CURRENT_TAG: "true"},
    )
