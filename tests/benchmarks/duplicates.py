"""Searching generated faces for duplicates: how memory and time grow with their number.

Each size runs in a process of its own, whose peak memory is its own. Sizes are set by
``FACECAPTION_BENCH_FACES``, by default ``1000000,3000000``. Bits of the hashes are unequally
likely, so that pictures are as far from each other as those of the sample, and keys are shared by
more of them than by chance. Planted are near copies, exact ones, and a placeholder that one in a
hundred URLs serves, a tenth of them encoded anew.
"""

import os
import sys
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from facecaption_assets.provenance import Provenance
from facecaption_assets.quality.duplicate_settings import DuplicateSettings
from facecaption_assets.quality.duplicates import build_duplicates
from facecaption_assets.schema import FACE_CROPS, RAW_SHARDS, Table
from facecaption_assets.storage import Storage
from tests.benchmarks.own_process import measure, tell
from tests.benchmarks.results import Result

#: What DuckDB may take by default, and as much again for Python, its libraries and the rest.
TARGET_MIB = 2 * DuplicateSettings().memory_mb

_ROWS_PER_SHARD = 100_000
_MODULE = "tests.benchmarks.duplicates"

#: Pictures of the sample differ in 27 of 64 bits; so do hashes whose bits are this likely.
_LIKELY_BIT = 0.7

Bits = NDArray[np.bool_]


def _sizes() -> list[int]:
    chosen = os.environ.get("FACECAPTION_BENCH_FACES", "1000000,3000000")
    return [int(size) for size in chosen.split(",")]


def _generate(storage: Storage, faces: int) -> int:
    """Write shards of faces; return how many of them are to be dropped."""
    random = np.random.default_rng(0)
    placeholder = _bits(random, 1)[0]
    planted = 0
    for number, start in enumerate(range(0, faces, _ROWS_PER_SHARD)):
        rows = min(_ROWS_PER_SHARD, faces - start)
        bits, digests = _bits(random, rows), random.bytes(32 * rows)
        names = np.frombuffer(digests, "S32").copy()
        kind = random.random(rows)
        near, exact, empty = kind < 0.1, (kind > 0.1) & (kind < 0.12), kind > 0.99
        sources = random.choice(np.flatnonzero((kind > 0.12) & (kind < 0.99)), rows)
        for chosen in (near, exact):
            bits[chosen] = bits[sources[chosen]]
        bits[near] ^= _flips(random, int(near.sum()))
        names[exact] = names[sources[exact]]
        bits[empty] = placeholder
        names[empty & (kind > 0.991)] = b"placeholder".ljust(32, b"!")
        planted += int(near.sum() + exact.sum() + empty.sum())
        # Copies are worse than what they are copies of, so all of them are near what is kept.
        sides = np.where(near | exact, 200, 300).astype(np.int32)
        _commit(storage, f"drawn-{number:05d}", bits, names, sides)
    return planted - 1  # one placeholder is kept


def _bits(random: np.random.Generator, rows: int) -> Bits:
    """Short and long hash of a picture and hash of a crop, (rows, 64 + 256 + 64)."""
    likely = np.arange(384) % 2 == 0
    drawn: Bits = random.random((rows, 384), np.float32) < np.where(
        likely, _LIKELY_BIT, 1 - _LIKELY_BIT
    ).astype(np.float32)
    return drawn


def _flips(random: np.random.Generator, rows: int) -> Bits:
    """At most 4, 20 and 12 bits, in the three hashes."""
    flips = np.zeros((rows, 384), np.bool_)
    for first, size, most in ((0, 64, 4), (64, 256, 20), (320, 64, 12)):
        for _ in range(most):
            flips[np.arange(rows), first + random.integers(0, size, rows)] = True
    return flips


def _commit(
    storage: Storage,
    shard: str,
    bits: Bits,
    digests: NDArray[np.bytes_],
    sides: NDArray[np.int32],
) -> None:
    rows = len(bits)
    number = pc.utf8_lpad(pa.array(np.arange(rows)).cast(pa.string()), 5, "0")
    key = pc.binary_join_element_wise(shard, number, "-")
    raw = {"key": key, "status": pa.repeat("success", rows), "url": key, "split_group": key}
    raw |= {"phash": _hex(bits[:, :64]), "phash256": _hex(bits[:, 64:320])}
    box = pa.array([[0.2, 0.2, 0.7, 0.8]] * rows, FACE_CROPS.arrow.field("bbox_rel").type)
    side = pa.array(sides)
    crops = {
        "face_id": pc.binary_join_element_wise(key, "0", "-"),
        "key": key,
        "split_group": key,
        "status": pa.repeat("kept", rows),
        "bbox_rel": box,
        "width": side,
        "height": side,
        "sha256": pa.array([digest.hex() for digest in digests.tolist()]),
        "phash": _hex(bits[:, 320:]),
    }
    for table, columns in ((RAW_SHARDS, raw), (FACE_CROPS, crops)):
        storage.commit(_table(table, columns, rows), Provenance(table.name, shard, "benchmark"))


def _table(table: Table, columns: dict[str, pa.Array], rows: int) -> pa.Table:
    arrays = [columns.get(f.name, pa.nulls(rows, f.type)) for f in table.arrow]
    return pa.Table.from_arrays(arrays, schema=table.arrow)


def _hex(bits: Bits) -> pa.Array:
    packed = np.packbits(bits, axis=1)
    return pa.array([row.tobytes().hex() for row in packed])


def run() -> list[Result]:
    """Peak memory of the search in the largest of the sizes, and the growth up to it."""
    details: dict[str, object] = {}
    peak = 0.0
    for faces in _sizes():
        with tempfile.TemporaryDirectory() as folder:
            planted = measure(_MODULE, "generate", folder, faces)["found"]
            search = measure(_MODULE, "search", folder, faces)
        peak = search["peak_mib"]
        details[f"faces_{faces}"] = (
            f"{peak:.0f} MiB, {search['seconds']:.0f} s, "
            f"{search['found']:.0f} dropped of {planted:.0f} planted"
        )
    return [
        Result(
            "duplicates_peak_rss_mib",
            peak,
            "MiB",
            "lower",
            TARGET_MIB,
            "what the default memory_mb is meant to keep it to, and as much again",
            details,
        )
    ]


def main(side: str, home: str, faces: str) -> None:
    """Do one side's work in this process and print what it took and gave."""
    storage = Storage(home)

    def search() -> int:
        return build_duplicates(storage, DuplicateSettings(), "benchmark").counts["dropped"]

    tell(search if side == "search" else lambda: _generate(storage, int(faces)))


if __name__ == "__main__":
    main(*sys.argv[1:])
