"""The real webserver and daemon on loopback: a backfill over GraphQL, one shard of which is bad."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb
import pytest

from facecaption_assets.defs.instance import prepare_dagster_home
from facecaption_assets.freshness import SHARD_INPUTS
from facecaption_assets.models import ModelStore
from facecaption_assets.storage import Storage

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
MODELS = Path(os.environ.get("FACECAPTION_MODELS", ROOT / ".cache" / "models")).absolute()
GOOD = ("people-00000", "people-00001")
BAD = "broken-00000"

LAUNCH = """
mutation Launch($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""
BACKFILL = """
query Backfill($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status }
    ... on PythonError { message }
  }
}
"""
SHARD_KEYS = """
query Shards($asset: AssetKeyInput!) {
  assetNodeOrError(assetKey: $asset) { ... on AssetNode { partitionKeys } }
}
"""
STALENESS = """
query Staleness($assets: [AssetKeyInput!], $partition: String) {
  assetNodes(assetKeys: $assets) { staleStatus(partition: $partition) }
}
"""
PARTITIONS = """
query Partitions($asset: AssetKeyInput!) {
  assetNodeOrError(assetKey: $asset) {
    ... on AssetNode {
      assetPartitionStatuses {
        ... on DefaultPartitionStatuses { materializedPartitions failedPartitions }
      }
      assetChecksOrError {
        ... on AssetChecks {
          checks {
            name
            partitionStatuses {
              ... on AssetCheckDefaultPartitionStatuses { succeededPartitions failedPartitions }
            }
          }
        }
      }
    }
  }
}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, ask: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if answer := ask():
                return answer
        except OSError:
            pass
        time.sleep(1)
    raise AssertionError(f"{what} did not happen within {seconds:.0f} s")


class Stack:
    """A running webserver and daemon over one data root."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.storage = Storage(str(home))
        self._url = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            self._url, body, {"Content-Type": "application/json", "Accept": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            content = json.load(answer)
        assert "errors" not in content, content["errors"]
        return content["data"]

    def shard_keys(self) -> set[str]:
        answer = self.ask(SHARD_KEYS, asset={"path": ["shard_plan"]})
        return set(answer["assetNodeOrError"].get("partitionKeys", []))

    def backfill(self, assets: list[str], partitions: list[str]) -> str:
        params = {
            "assetSelection": [{"path": [asset]} for asset in assets],
            "partitionNames": partitions,
        }
        launched = self.ask(LAUNCH, params=params)["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        return launched["backfillId"]

    def backfill_status(self, identifier: str) -> str:
        return self.ask(BACKFILL, id=identifier)["partitionBackfillOrError"]["status"]

    def stale_status(self, asset: str, partition: str) -> str:
        assets = [{"path": [asset]}]
        (node,) = self.ask(STALENESS, assets=assets, partition=partition)["assetNodes"]
        return node["staleStatus"]

    def partitions(self, asset: str) -> dict[str, Any]:
        return self.ask(PARTITIONS, asset={"path": [asset]})["assetNodeOrError"]


def start(command: list[str], home: Path, log: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "FACECAPTION_HOME": str(home),
        "FACECAPTION_MODELS": str(MODELS),
        "DAGSTER_HOME": str(home / "dagster"),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A session of its own, so that everything it starts can be ended with it.
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    for kind in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, kind)
            process.wait(timeout=20)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    if process.poll() is None:
        process.wait()


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Two shards of real pictures, one of files that only pretend to be pictures."""
    people, broken = tmp_path / "people", tmp_path / "broken"
    people.mkdir()
    broken.mkdir()
    with zipfile.ZipFile(ModelStore(MODELS).path("openpeople")) as archive:
        for person in ("P001", "P008"):
            for kind in ("studio_portrait", "amateur_selfie"):
                member = f"openpeople/data/curated/{person}/assets/{kind}.jpg"
                (people / f"{person}-{kind}.jpg").write_bytes(archive.read(member))
    for number in range(3):
        (broken / f"{number}.jpg").write_bytes(b"not a picture")
    return tmp_path


def add_source(home: Path, name: str, images: Path) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "facecaption_assets.cli", "--home", str(home)),
            *("add-source", name, "--images", str(images), "--rows-per-shard", "2"),
        ],
        cwd=ROOT,
        check=True,
    )


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    home, port = tmp_path / "home", free_port()
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    prepare_dagster_home(Storage(str(home)))
    workspace = ["-w", str(ROOT / "workspace.yaml")]
    with ExitStack() as running:
        for command, log in (
            (
                ["dagster_webserver", "-h", "127.0.0.1", "-p", str(port), *workspace],
                "webserver.log",
            ),
            (["dagster._daemon", "run", *workspace], "daemon.log"),
        ):
            running.callback(stop, start(command, home, tmp_path / log))
        stack = Stack(home, port)
        wait_for("the webserver's answer", lambda: stack.ask("{ version }"), 120)
        yield stack


def test_a_failed_gate_stops_its_shard_and_no_other(stack: Stack, sources: Path) -> None:
    add_source(stack.home, "people", sources / "people")
    add_source(stack.home, "broken", sources / "broken")
    shards = {*GOOD, BAD, "broken-00001"}
    wait_for("the sensor's registration", lambda: stack.shard_keys() >= shards, 180)

    identifier = stack.backfill(list(SHARD_INPUTS), [*GOOD, BAD])
    wait_for(
        "the end of the backfill",
        lambda: stack.backfill_status(identifier) in ("COMPLETED_SUCCESS", "COMPLETED_FAILED"),
        420,
    )

    for asset in SHARD_INPUTS:
        reached = asset in ("shard_plan", "raw_shards")
        expected = sorted([*GOOD, BAD] if reached else GOOD)
        found = stack.partitions(asset)["assetPartitionStatuses"]["materializedPartitions"]
        assert sorted(found) == expected, asset
        assert stack.storage.partitions(asset) == expected, asset

    checks = stack.partitions("raw_shards")["assetChecksOrError"]["checks"]
    gate = next(check for check in checks if check["name"] == "enough_pictures")
    assert gate["partitionStatuses"]["failedPartitions"] == [BAD]
    assert sorted(gate["partitionStatuses"]["succeededPartitions"]) == sorted(GOOD)

    # Pictures that arrive later become a shard of their own, and no other shard turns stale.
    for picture in sorted((sources / "people").glob("*.jpg")):
        (sources / "people" / f"again-{picture.name}").write_bytes(picture.read_bytes())
    wait_for("the new shard", lambda: "people-00002" in stack.shard_keys(), 180)
    for asset in SHARD_INPUTS:
        assert {stack.stale_status(asset, shard) for shard in GOOD} == {"FRESH"}, asset
    assert stack.stale_status("shard_plan", "people-00002") == "MISSING"

    captions = duckdb.execute(
        f"SELECT count(*) FROM '{stack.home}/llm_captions/*.parquet' WHERE caption IS NOT NULL"
    ).fetchall()[0][0]
    assert captions >= 2
