"""How fast captions are rewritten when the endpoint is not what takes the time.

The endpoint is a process of its own on loopback and answers after 20 ms. Everything else is what a
shard goes through: prompts, the client, the durable cache on disk, verification, the table.
Libraries are loaded beforehand: a process loads them once, however many captions it rewrites.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from tests.benchmarks.results import Result
from tests.rewriting_process import echoing_endpoint, faces, rewrite

CAPTIONS = 5_000
LATENCY_MS = 20
CONCURRENCY = 64


@dataclass(frozen=True)
class Cost:
    """What a pass over the captions took."""

    wall_s: float
    cpu_s: float


def _rewrite(base_url: str, attributes: pa.Table, folder: Path) -> Cost:
    begin, cpu = time.perf_counter(), time.process_time()
    table = rewrite(base_url, attributes, folder, CONCURRENCY)
    cost = Cost(time.perf_counter() - begin, time.process_time() - cpu)
    statuses = table["status"].to_pylist()
    assert statuses == ["accepted"] * attributes.num_rows, "not all captions were accepted"
    return cost


def run() -> list[Result]:
    """Requests per second with the durable cache on, and captions per second out of it."""
    import openai  # noqa: F401

    attributes = faces(CAPTIONS)
    with echoing_endpoint(LATENCY_MS) as base_url, tempfile.TemporaryDirectory() as folder:
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
                "requests_per_cpu_second": round(CAPTIONS / asked.cpu_s),
                "resumed_per_second": round(CAPTIONS / resumed.wall_s),
                "resumed_cpu_ms": round(resumed.cpu_s / CAPTIONS * 1000, 2),
                "latency_ms": LATENCY_MS,
                "in_flight": CONCURRENCY,
                "captions": CAPTIONS,
            },
        )
    ]
