"""LAION-Face in small: ids, metadata files, settings that name them, a server with pictures."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facecaption_assets.shards.laion_settings import LaionSettings
from facecaption_assets.shards.sources import add_laion_parts
from facecaption_assets.storage import Storage
from tests.fault_server import FaultServer, running


@pytest.fixture
def laion_rows() -> Callable[..., pa.Table]:
    """Makes a metadata table for ids, with LAION-400M's columns and types."""

    def make(ids: Sequence[float], **columns: Sequence[Any]) -> pa.Table:
        number = len(ids)
        table = {
            "SAMPLE_ID": np.asarray(ids, np.float64),
            "URL": [f"https://a.example/{i}.jpg" for i in ids],
            "TEXT": [f"a person called {i}" for i in ids],
            "HEIGHT": np.full(number, 480.0),
            "WIDTH": np.full(number, 640.0),
            "LICENSE": ["?"] * number,
            "NSFW": ["UNLIKELY"] * number,
            "similarity": np.full(number, 0.33),
        }
        return pa.table(table | columns)

    return make


@pytest.fixture
def laion(tmp_path: Path, laion_rows) -> LaionSettings:
    """Parts 00 and 03 of six ids each; of part 03, id 35 is in no file."""
    import torch  # here, so that only those who need the file wait for torch

    metadata = tmp_path / "laion400m-meta"
    metadata.mkdir()
    torch.save(
        {0: [1, 2, 3, 4, 5, 6], 3: torch.tensor([36, 35, 34, 33, 32, 31])}, tmp_path / "ids.pth"
    )
    for part, ids in {0: range(10), 3: [99, 34, 31, 32, 36, 33]}.items():
        name = f"part-{part:05d}-5b54c5d5-bbcf-484d-a2ce-0d6f73df1a36-c000.snappy.parquet"
        pq.write_table(laion_rows(list(ids)), metadata / name, compression="snappy")
    return LaionSettings(ids=str(tmp_path / "ids.pth"), metadata=str(metadata))


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with running(FaultServer()) as server:
        yield server


@pytest.fixture
def web_part(server: FaultServer, tmp_path: Path, laion_rows) -> Callable[..., None]:
    """Registers part 03 of LAION-Face as a source whose pictures are on the loopback server.

    Given the data root and the server's path of every id in the metadata; ``ids`` are those of the
    part, where they are others; ``sizes`` are the pictures' (width, height). Part 05 has a row too,
    which no source is of.
    """

    def register(
        storage: Storage,
        paths: Mapping[int, str],
        ids: Iterable[int] = (),
        settings: str = "",
        sizes: Mapping[int, tuple[int, int]] | None = None,
    ) -> None:
        import torch

        metadata = tmp_path / "web-metadata"
        metadata.mkdir()
        measures = [(sizes or {}).get(sample, (640, 480)) for sample in paths]
        table = laion_rows(
            list(paths),
            WIDTH=[float(width) for width, _ in measures],
            HEIGHT=[float(height) for _, height in measures],
            URL=[server.base + path for path in paths.values()],
            TEXT=[f"a portrait, number {sample}" for sample in paths],
        )
        for part, rows in {3: table, 5: laion_rows([5001])}.items():
            name = f"part-{part:05d}-5b54c5d5-bbcf-484d-a2ce-0d6f73df1a36-c000.snappy.parquet"
            pq.write_table(rows, metadata / name)
        torch.save({3: list(ids) or list(paths), 5: [5001]}, tmp_path / "web_ids.pth")
        lines = [
            "[laion]",
            f'ids = "{tmp_path / "web_ids.pth"}"',
            f'metadata = "{metadata}"',
            "[shards]",
            "rows_per_shard = 3",
            "[downloading]",
            "allow_local_network = true",
            settings,
        ]
        storage.write_text(storage.profile_file, "\n".join(lines) + "\n")
        add_laion_parts(storage, "laion-face-03", "03")

    return register
