"""A process that downloads shards and commits them, until it is killed or done.

``python -m tests.downloading_process HOME BASE SHARDS ROWS VERSION``: every shard is built in that
version, over what is there.
"""

import sys

import pyarrow as pa

from facecaption_assets.provenance import Provenance
from facecaption_assets.schema import SHARD_PLAN
from facecaption_assets.shards.downloading.download_shard import download_shard
from facecaption_assets.shards.downloading.judging import Judge
from facecaption_assets.shards.downloading.resuming import earlier_shard
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.downloading.spool import discard_spool
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.storage import Storage

SETTINGS = DownloadSettings(
    allow_local_network=True, host_requests_per_s=1e6, host_concurrency=4, max_attempts=100
)


def plan(base: str, shard: str, rows: int) -> pa.Table:
    """Most URLs give a picture; every tenth fails in a way that is worth another try."""
    return SHARD_PLAN.from_rows(
        [
            {
                "key": f"{shard}-{row:05d}",
                "source": "web",
                "url": f"{base}/{'500' if row % 10 == 9 else 'ok'}/{shard}/{row}.jpg",
                "split_group": f"{shard}-{row:05d}",
                "status": "planned",
            }
            for row in range(rows)
        ]
    )


def build(storage: Storage, planned: pa.Table, shard: str, version: str) -> None:
    """Download and commit one shard, unless it is there in this version."""
    provenance = storage.read_provenance("raw_shards", shard)
    if provenance is not None and provenance.code_version == version:
        return
    spool = storage.download_spool(shard)
    earlier = earlier_shard(storage, shard, provenance.code_version if provenance else "")
    judge = Judge(SETTINGS, 10**8, OptOut.none())
    with storage.staging("raw_shards", shard) as folder:
        tar = folder / "pixels.tar"
        table = download_shard(planned, judge, tar, spool, earlier)
        storage.commit(table, Provenance("raw_shards", shard, version), tar)
    discard_spool(spool)


def main(home: str, base: str, shards: int, rows: int, version: str) -> None:
    """Build every shard."""
    storage = Storage(home)
    sys.stdout.write("begin\n")
    sys.stdout.flush()
    for index in range(shards):
        shard = f"web-{index:05d}"
        build(storage, plan(base, shard, rows), shard, version)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
