"""Writing and reading shards, beside webdataset on the same samples."""

import os
import tempfile
from pathlib import Path

import webdataset

from facecaption_assets.shards.tars import TarWriter, read_samples
from tests.benchmarks.results import Result, cpu_seconds

SAMPLES = 5_000
PICTURE_BYTES = 10_000


def _samples() -> list[tuple[str, bytes]]:
    return [(f"bench-00000-{row:05d}", os.urandom(PICTURE_BYTES)) for row in range(SAMPLES)]


def _write_ours(path: Path, samples: list[tuple[str, bytes]]) -> None:
    with TarWriter(path) as tar:
        for key, data in samples:
            tar.add(f"{key}.jpg", data)
            tar.add(f"{key}.json", b"{}")


def _write_theirs(path: Path, samples: list[tuple[str, bytes]]) -> None:
    with webdataset.TarWriter(str(path)) as tar:
        for key, data in samples:
            tar.write({"__key__": key, "jpg": data, "json": b"{}"})


def _read_ours(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in read_samples(file))


def _read_theirs(path: Path) -> int:
    return sum(1 for _ in webdataset.WebDataset(str(path), shardshuffle=False))


def run() -> list[Result]:
    """CPU time of our tar code as a share of webdataset's."""
    samples = _samples()
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours.tar", Path(folder) / "theirs.tar"
        write = cpu_seconds(lambda: _write_ours(ours, samples))
        write_theirs = cpu_seconds(lambda: _write_theirs(theirs, samples))
        assert _read_ours(theirs) == _read_theirs(ours) == SAMPLES
        read = cpu_seconds(lambda: _read_ours(ours))
        read_theirs = cpu_seconds(lambda: _read_theirs(ours))
        sizes = {"bytes": ours.stat().st_size, "bytes_webdataset": theirs.stat().st_size}
    return [
        Result(
            "tar_write_cpu_ratio",
            write / write_theirs,
            "ratio",
            "lower",
            1.0,
            "webdataset.TarWriter",
            {"samples_per_cpu_s": round(SAMPLES / write), **sizes},
        ),
        Result(
            "tar_read_cpu_ratio",
            read / read_theirs,
            "ratio",
            "lower",
            1.0,
            "webdataset.WebDataset without decoding",
            {"samples_per_cpu_s": round(SAMPLES / read)},
        ),
    ]
