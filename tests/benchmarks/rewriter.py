"""How fast captions are rewritten when the endpoint is not what takes the time.

The endpoint is a process of its own on loopback and answers after 20 ms. Everything else is what a
shard goes through: prompts, the client, the durable cache on disk, verification, the table.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from facecaption_assets.captions.generation import caption_faces
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.models import ModelStore
from facecaption_assets.rewriting.cache import RequestCache
from facecaption_assets.rewriting.endpoint import open_client
from facecaption_assets.rewriting.rewrite import rewrite_captions
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.schema import ATTRIBUTE_COLUMNS, FACE_ATTRIBUTES
from facecaption_assets.shards.opt_out import OptOut
from tests.benchmarks.results import Result

ROOT = Path(__file__).parents[2]
CAPTIONS = 5_000
LATENCY_MS = 20
CONCURRENCY = 64

#: Labels of the faces, in turn.
FACES = (
    {"Male": False, "Wavy_Hair": True, "Smiling": True, "Eyeglasses": True},
    {"Male": True, "Gray_Hair": True, "Mustache": True, "Smiling": True},
    {"Male": False, "Blond_Hair": True, "Bangs": True, "Wearing_Earrings": True, "Young": True},
    {"Male": True, "Black_Hair": True, "Goatee": True, "Wearing_Hat": True},
)


@dataclass(frozen=True)
class Cost:
    """What a pass over the captions took."""

    wall_s: float
    cpu_s: float


@contextmanager
def endpoint(latency_ms: float) -> Iterator[str]:
    """Base URL of an endpoint in another process."""
    command = [sys.executable, "-m", "tests.chat_endpoint", str(latency_ms)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def faces(number: int) -> pa.Table:
    """Labelled faces, all of whose captions can be made."""
    return FACE_ATTRIBUTES.from_rows(
        [
            {
                "face_id": f"bench-{i:05d}-0",
                "key": f"bench-{i:05d}",
                "split_group": f"bench-{i:05d}",
                "status": "labelled",
                "num_positive": 4,
                "resolved_conflicts": [],
                **dict.fromkeys(ATTRIBUTE_COLUMNS),
                **FACES[i % len(FACES)],
            }
            for i in range(number)
        ]
    )


def _rewrite(base_url: str, attributes: pa.Table, folder: Path) -> Cost:
    settings = RewriteSettings(
        base_url=base_url, model="echo", constrained=False, concurrency=CONCURRENCY
    )
    templates = caption_faces(attributes, CaptionSettings(), OptOut.none())
    begin, cpu = time.perf_counter(), time.process_time()
    with open_client(settings, ModelStore(folder)) as client:
        table = rewrite_captions(
            templates, attributes, client, RequestCache(folder), settings, OptOut.none()
        )
    cost = Cost(time.perf_counter() - begin, time.process_time() - cpu)
    statuses = table["status"].to_pylist()
    assert statuses == ["accepted"] * attributes.num_rows, "not all captions were accepted"
    return cost


def run() -> list[Result]:
    """Requests per second with the durable cache on, and captions per second out of it."""
    attributes = faces(CAPTIONS)
    with endpoint(LATENCY_MS) as base_url, tempfile.TemporaryDirectory() as folder:
        asked = _rewrite(base_url, attributes, Path(folder))
        resumed = _rewrite(base_url, attributes, Path(folder))
    return [
        Result(
            "rewriter_requests_per_second",
            CAPTIONS / asked.wall_s,
            "requests/s",
            "higher",
            500,
            "the target; datatrove's InferenceRunner with its cache makes 282",
            {
                "cpu_ms_per_request": round(asked.cpu_s / CAPTIONS * 1000, 2),
                "resumed_per_second": round(CAPTIONS / resumed.wall_s),
                "resumed_cpu_ms": round(resumed.cpu_s / CAPTIONS * 1000, 2),
                "latency_ms": LATENCY_MS,
                "in_flight": CONCURRENCY,
                "captions": CAPTIONS,
            },
        )
    ]
