"""A process that takes a folder of odd files through the stages, to be watched for time and memory.

``python -m tests.picture_corpus_process HOME FOLDER`` registers the folder as source ``odd`` of
one shard, materializes ``shard_plan``, ``raw_shards`` and ``face_crops`` with their gates, and
prints the most seconds that one file took to be judged and decoded, and its name, as well as the
process's peak memory of its own.
"""

import json
import re
import sys
import threading
import time
from pathlib import Path

import dagster as dg

from facecaption_assets.defs import faces, shards
from facecaption_assets.defs.registry import add_partitions, register_source, registered_keys
from facecaption_assets.defs.resources import open_dataset
from facecaption_assets.shards.images import (
    ImageDecodeError,
    PictureRejected,
    decode_rgb,
    read_header,
)
from facecaption_assets.shards.sources import Source, add_source

ASSETS = (shards.shard_plan, shards.raw_shards, faces.face_crops)
GATES = (faces.crops_rows_conserved, faces.crops_boxes_inside)


def seconds_of(path: Path, max_pixels: int) -> float:
    """Time to judge a file and, where it is a picture, to decode it."""
    data = path.read_bytes()
    started = time.perf_counter()
    try:
        read_header(data, max_pixels=max_pixels)
        decode_rgb(data)
    except (PictureRejected, ImageDecodeError):
        pass
    return time.perf_counter() - started


class PeakMemory(threading.Thread):
    """Watches how much memory this process holds of its own; Linux only.

    Pages of libraries are left out: they are the files', can be dropped at any time, and how many
    are counted depends on how the files lie in the system's cache.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0

    def run(self) -> None:
        while sys.platform == "linux":
            status = Path("/proc/self/status").read_text()
            (held,) = re.findall(r"^RssAnon:\s+(\d+) kB$", status, re.MULTILINE)
            self.peak_bytes = max(self.peak_bytes, int(held) * 1024)
            time.sleep(0.01)


def main(home: str, folder: str) -> None:
    """Build the shard, then time the files one by one."""
    memory = PeakMemory()
    memory.start()
    dataset = open_dataset(home, "embedded")
    add_source(dataset.storage, Source("odd", "folder", folder, rows_per_shard=10_000))
    register_source(dataset, "odd")
    (shard,) = registered_keys(dataset)
    with dg.DagsterInstance.ephemeral() as instance:
        add_partitions(instance, [shard])
        dg.materialize(
            [*ASSETS, *GATES],
            partition_key=shard,
            instance=instance,
            resources={"dataset": dataset},
        )
    limit = dataset.profile.shards.max_pixels
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    slowest = max((seconds_of(path, limit), path.name) for path in files)
    measured = {"seconds": slowest[0], "name": slowest[1], "peak_bytes": memory.peak_bytes}
    sys.stdout.write(json.dumps(measured))


if __name__ == "__main__":
    main(*sys.argv[1:])
