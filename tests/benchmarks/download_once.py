"""Our side of the downloader's benchmark, in a process of its own: nothing else is in its memory.

``python -m tests.benchmarks.download_once HOME CONNECTIONS``: download the planned shard and commit
it.
"""

import sys
from pathlib import Path

from facecaption_assets.provenance import Provenance
from facecaption_assets.shards.downloading.download_shard import download_shard
from facecaption_assets.shards.downloading.judging import Judge
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.storage import Storage


def main(home: str, connections: int) -> None:
    """Download the one shard that the data root has a plan of."""
    settings = DownloadSettings(
        allow_local_network=True,
        concurrency=connections,
        host_concurrency=connections,
        host_requests_per_s=1e9,
    )
    storage = Storage(home)
    (shard,) = storage.partitions("shard_plan")
    tar = Path(home) / "pixels.tar"
    judge = Judge(settings, 10**8, OptOut.none())
    planned = storage.read_table("shard_plan", shard)
    table = download_shard(planned, judge, tar, storage.download_spool(shard))
    storage.commit(table, Provenance("raw_shards", shard, "bench"), tar)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
