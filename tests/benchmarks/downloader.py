"""Downloading beside img2dataset: the same pictures from the same server on loopback.

img2dataset lives in an environment of its own; ``IMG2DATASET`` names its command where that is
not on the PATH. Without it there is nothing to measure beside, and no result.

Both sides are run as commands. Memory is the peak resident set of the largest process that a
command consists of, libraries included: ours is one process that reads the plan, downloads, writes
the tar and the ledger, and commits both; img2dataset's is the larger of its main process and its
worker. Dagster is not in it: inside a run, its process has its own memory on top.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from facecaption_assets.provenance import Provenance
from facecaption_assets.schema import SHARD_PLAN
from facecaption_assets.storage import Storage
from tests.benchmarks.results import Result

ROOT = Path(__file__).parents[2]
CONNECTIONS = 32
SHARD = "bench-00000"

#: The start of a process is paid once, not per picture: both sides are measured over few pictures
#: as well, and the difference counts.
FEW, MANY = 100, int(os.environ.get("FACECAPTION_BENCH_PICTURES", "10000"))

#: Runs a command from a small process, whose memory does not count as the command's.
_LAUNCHER = """
import json, resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""


@dataclass(frozen=True)
class Cost:
    """What a run used: CPU of all its processes, memory of the largest one."""

    cpu_s: float
    peak_mib: float


def plan(base: str, pictures: int, storage: Storage) -> None:
    """Plan a shard whose pictures are on the server."""
    names = [f"bench-00000-{row:05d}" for row in range(pictures)]
    rows: list[dict[str, object]] = [
        {"key": name, "source": "bench", "split_group": name, "status": "planned"}
        | {"url": f"{base}/{row}.jpg", "alt_text": f"picture {row}"}
        for row, name in enumerate(names)
    ]
    storage.commit(SHARD_PLAN.from_rows(rows), Provenance("shard_plan", SHARD, "bench"))


def _ours(base: str, pictures: int, folder: Path) -> Cost:
    storage = Storage(str(folder / "home"))
    plan(base, pictures, storage)
    cost = _cost(
        [sys.executable, "-m", "tests.benchmarks.download_once", storage.home, str(CONNECTIONS)]
    )
    statuses = storage.read_table("raw_shards", SHARD)["status"].to_pylist()
    assert statuses == ["success"] * pictures, "not all pictures were fetched"
    return cost


def _theirs(command: str, base: str, pictures: int, folder: Path) -> Cost:
    urls = folder / "urls.csv"
    lines = [f"{base}/{row}.jpg,picture {row}" for row in range(pictures)]
    urls.write_text("\n".join(["url,caption", *lines]) + "\n")
    options = {
        "url_list": urls,
        "output_folder": folder / "out",
        "input_format": "csv",
        "url_col": "url",
        "caption_col": "caption",
        "output_format": "webdataset",
        "resize_mode": "no",
        "skip_reencode": True,
        "extract_exif": False,
        "processes_count": 1,
        "thread_count": CONNECTIONS,
        "enable_wandb": False,
    }
    cost = _cost([command, *(f"--{name}={value}" for name, value in options.items())])
    done = sum(json.loads(p.read_text())["successes"] for p in folder.glob("out/*_stats.json"))
    assert done == pictures, f"img2dataset fetched {done} of {pictures}"
    return cost


def _cost(command: list[str]) -> Cost:
    environment = os.environ | {"NO_ALBUMENTATIONS_UPDATE": "1"}
    output = subprocess.run(
        [sys.executable, "-S", "-c", _LAUNCHER, *command],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    code, cpu_s, peak = json.loads(output)
    if code:
        raise RuntimeError(f"{command[0]} ended with {code}")
    return Cost(cpu_s, peak / (2**20 if sys.platform == "darwin" else 2**10))


@contextmanager
def _server() -> Iterator[tuple[str, int]]:
    """Address of the server, and mean size of its pictures in bytes."""
    command = [sys.executable, "-m", "tests.picture_server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            base, size = process.stdout.readline().split()
            yield base, int(size)
        finally:
            process.kill()


def run() -> list[Result]:
    """CPU time per picture and memory of the largest process, as shares of img2dataset's."""
    command = os.environ.get("IMG2DATASET") or shutil.which("img2dataset")
    if command is None:
        sys.stderr.write("downloader: skipped; img2dataset is not installed (see IMG2DATASET)\n")
        return []
    costs = {}
    with _server() as (base, size):
        for pictures in (FEW, MANY):
            with tempfile.TemporaryDirectory() as folder:
                costs["theirs", pictures] = _theirs(command, base, pictures, Path(folder))
                costs["ours", pictures] = _ours(base, pictures, Path(folder))
    ms = {
        side: (costs[side, MANY].cpu_s - costs[side, FEW].cpu_s) / (MANY - FEW) * 1000
        for side in ("ours", "theirs")
    }
    peak = {side: costs[side, MANY].peak_mib for side in ("ours", "theirs")}
    against = "img2dataset, one process, no resizing, no re-encoding, no EXIF"
    described = {"pictures": MANY, "bytes_each": size}
    return [
        Result(
            "downloader_cpu_ratio",
            ms["ours"] / ms["theirs"],
            "ratio",
            "lower",
            0.65,
            against,
            {f"ms_{side}": round(value, 2) for side, value in ms.items()} | described,
        ),
        Result(
            "downloader_memory_ratio",
            peak["ours"] / peak["theirs"],
            "ratio",
            "lower",
            0.5,
            against,
            {f"mib_{side}": round(value) for side, value in peak.items()} | described,
        ),
    ]
