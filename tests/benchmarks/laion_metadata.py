"""Finding a part's rows in LAION's metadata, beside reading the whole file with pandas.

Each side runs in a process of its own, whose peak memory is its own. ``FACECAPTION_BENCH_ROWS``
sets the rows of the generated part; a real part has 13 million.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from facecaption_assets.shards.laion_building import ASSET, build_laion_part
from facecaption_assets.shards.laion_ids import part_ids
from facecaption_assets.shards.laion_settings import LaionSettings
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.storage import Storage
from tests.benchmarks.own_process import measure, tell
from tests.benchmarks.results import Result

TARGET_MIB = 1024
PART = "03"
_MODULE = "tests.benchmarks.laion_metadata"

#: Of LAION-400M's 413 million rows, 50 million are in LAION-Face.
_SHARE = 50 / 413

#: pandas holds whole files; beyond this, it is left out.
_MOST_FOR_PANDAS = 4_000_000

_CHUNK = 500_000


@dataclass(frozen=True)
class Place:
    """Where the generated files and the results of both sides are."""

    folder: Path

    @property
    def settings(self) -> LaionSettings:
        """Settings that name the generated files."""
        return LaionSettings(ids=str(self.folder / "ids.pth"), metadata=str(self.folder / "meta"))

    @property
    def storage(self) -> Storage:
        """A data root beside them."""
        return Storage(str(self.folder / "home"))


def _rows() -> int:
    return int(os.environ.get("FACECAPTION_BENCH_ROWS", "2000000"))


def _generate(place: Place) -> None:
    """One part of LAION-400M and the ids of LAION-Face in it, in random order, NaN in between."""
    import torch

    rows = _rows()
    random = np.random.default_rng(0)
    ids = random.permutation(np.arange(rows, dtype=np.int64) * 32 + int(PART))
    chosen = random.choice(ids, int(rows * _SHARE), replace=False)
    torch.save({int(PART): torch.from_numpy(chosen)}, place.settings.ids)
    folder = Path(place.settings.metadata)
    folder.mkdir()
    path = folder / f"part-{int(PART):05d}-generated-c000.snappy.parquet"
    with pq.ParquetWriter(path, _chunk(ids[:1]).schema, compression="snappy") as writer:
        for start in range(0, rows, _CHUNK):
            writer.write_table(_chunk(ids[start : start + _CHUNK]))


def _chunk(ids: np.ndarray) -> pa.Table:
    number, words = len(ids), pa.array(ids).cast(pa.string())
    known = ids.astype(np.float64)
    known[::1000] = np.nan
    return pa.table(
        {
            "SAMPLE_ID": known,
            "URL": pc.binary_join_element_wise(
                "https://cdn.pictures.example/files/products/2021/large/item", words, ".jpg", "-"
            ),
            "TEXT": pc.binary_join_element_wise(
                "Portrait of somebody in a garden, evening light, number", words, " "
            ),
            "HEIGHT": np.full(number, 480.0),
            "WIDTH": np.full(number, 640.0),
            "LICENSE": pa.repeat("?", number),
            "NSFW": pa.repeat("UNLIKELY", number),
            "similarity": np.linspace(0.3, 0.4, number),
        }
    )


def _split_ids(place: Place) -> None:
    part_ids(place.storage, place.settings.ids, PART)


def _build(place: Place) -> None:
    build_laion_part(place.storage, place.settings, OptOut.none(), PART, "benchmark")


def _with_pandas(place: Place) -> None:
    import pandas as pd
    import torch

    (file,) = Path(place.settings.metadata).iterdir()
    wanted = set(torch.load(place.settings.ids, weights_only=True)[int(PART)].tolist())
    frame = pd.read_parquet(file)
    frame[frame["SAMPLE_ID"].map(lambda i: i in wanted)].to_parquet(place.folder / "theirs.parquet")


_SIDES: dict[str, Callable[[Place], None]] = {
    "generate": _generate,
    "split": _split_ids,
    "build": _build,
    "pandas": _with_pandas,
}


def run() -> list[Result]:
    """Peak memory of a part's build, with its speed and what pandas takes for the same."""
    rows = _rows()
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        # In a process of its own as well: a child's peak begins with the memory of its parent.
        _, split, build = (
            measure(_MODULE, side, folder) for side in ("generate", "split", "build")
        )
        provenance = place.storage.require_built(ASSET, PART)
        details = {
            "rows": rows,
            "rows_per_s": round(rows / build["seconds"]),
            "kept": provenance.counts["kept"],
            "not_found": provenance.counts["not_in_metadata"],
            "ids_split_once_peak_mib": round(split["peak_mib"]),
        }
        if rows <= _MOST_FOR_PANDAS:
            theirs = measure(_MODULE, "pandas", folder)
            details["pandas_peak_mib"] = round(theirs["peak_mib"])
            details["pandas_rows_per_s"] = round(rows / theirs["seconds"])
    return [
        Result(
            "laion_metadata_peak_rss_mib",
            build["peak_mib"],
            "MiB",
            "lower",
            TARGET_MIB,
            "the whole file in pandas, torch imported",
            details,
        )
    ]


def main(side: str, folder: str) -> None:
    """Do one side's work in this process and print what it took."""
    tell(lambda: _SIDES[side](Place(Path(folder))))


if __name__ == "__main__":
    main(*sys.argv[1:])
