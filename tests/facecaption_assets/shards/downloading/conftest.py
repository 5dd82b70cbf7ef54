"""A misbehaving web server, and shards downloaded from it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from facecaption_assets.schema import RAW_SHARDS, SHARD_PLAN
from facecaption_assets.shards.downloading.connections import open_session
from facecaption_assets.shards.downloading.download_shard import Connect, download_shard
from facecaption_assets.shards.downloading.judging import Judge
from facecaption_assets.shards.downloading.resuming import EarlierShard
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.shards.tars import read_pictures
from tests.fault_server import FaultServer, running

QUICK = {
    "deadline_s": 1.0,
    "host_requests_per_s": 1e6,
    "host_concurrency": 64,
    "max_bytes": 1_000_000,
    "allow_local_network": True,
}


@pytest.fixture
def server() -> Iterator[FaultServer]:
    # 127.0.0.2 leads to the same machine: it stands for a private address beside a public one.
    with running(FaultServer(), "0.0.0.0") as server:
        yield server


def plan_of(urls: list[str]) -> pa.Table:
    return SHARD_PLAN.from_rows(
        [
            {
                "key": f"web-00000-{row:05d}",
                "source": "web",
                "url": url,
                "alt_text": f"picture {row}",
                "split_group": f"web-00000-{row:05d}",
                "status": "planned",
            }
            for row, url in enumerate(urls)
        ]
    )


@dataclass
class Shard:
    """One shard, downloaded once or several times."""

    folder: Path
    table: pa.Table = None
    tar: Path = field(init=False)
    runs: int = 0

    def download(
        self,
        urls: list[str],
        *,
        opt_out: OptOut | None = None,
        connect: Connect = open_session,
        changed: bool = False,
        again: bool = False,
        **settings: Any,
    ) -> list[dict[str, Any]]:
        """Rows of the ledger; ``again`` has the last download as the earlier shard."""
        self.folder.mkdir(exist_ok=True)
        earlier = EarlierShard(self.table, self.tar_opener(), changed) if again else None
        self.runs += 1
        self.tar = self.folder / f"{self.runs}.tar"
        self.table = download_shard(
            plan_of(urls),
            Judge(DownloadSettings(**QUICK | settings), 4_000_000, opt_out or OptOut.none()),
            self.tar,
            self.folder / f"spool{self.runs}",
            earlier,
            connect=connect,
        )
        assert self.table.schema == RAW_SHARDS.arrow
        return self.table.to_pylist()

    def tar_opener(self):
        tar = self.tar
        return lambda: tar.open("rb")

    def pictures(self) -> dict[str, bytes]:
        with self.tar.open("rb") as file:
            return dict(read_pictures(file))


@pytest.fixture
def shard(tmp_path: Path) -> Shard:
    return Shard(tmp_path / "shard")


@pytest.fixture
def fetch(server: FaultServer, shard: Shard) -> Callable[..., dict[str, Any]]:
    """Downloads one path of the server and gives its row."""

    def fetch(path: str, **settings: Any) -> dict[str, Any]:
        return shard.download([server.base + path], **settings)[0]

    return fetch
