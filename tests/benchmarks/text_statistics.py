"""Statistics of generated captions: how memory and time grow with their number.

Each size runs in a process of its own, whose peak memory is its own. Sizes are set by
``FACECAPTION_BENCH_CAPTIONS``, by default ``10000,100000,1000000``; 10000000 takes minutes and
some GB of disk. Captions are the grammar's, of random label sets; beyond the first
200,000, one is followed by the first sentence of another, so that different captions do not run
out. Nothing is spared: n-grams are counted exactly, with the whole growth curve.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from facecaption_assets.captions.generation import caption_faces
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.quality.text_growth import measure_growth
from facecaption_assets.quality.text_settings import TextSettings
from facecaption_assets.quality.text_tokens import load_captions, open_texts
from facecaption_assets.quality.text_words import VISUAL_WORDS, list_words, word_share
from facecaption_assets.quality.texts import told_statistics
from facecaption_assets.quality.word_lists import read_visual_words
from facecaption_assets.shards.opt_out import OptOut
from tests.benchmarks.own_process import measure, tell
from tests.benchmarks.results import Result
from tests.label_sets import random_label_sets

#: What DuckDB may take by default, and as much again for Python, its libraries and the rest.
TARGET_MIB = 2 * TextSettings().memory_mb

_DRAWN = 200_000
_PORTION = 10_000
_FILE = "captions.parquet"
_MODULE = "tests.benchmarks.text_statistics"


def _sizes() -> list[int]:
    chosen = os.environ.get("FACECAPTION_BENCH_CAPTIONS", "10000,100000,1000000")
    return [int(size) for size in chosen.split(",")]


def _draw(captions: int) -> list[str]:
    """Captions of the grammar, of faces that have one."""
    faces = random_label_sets(captions)
    drawn: list[str] = []
    for begin in range(0, captions, _PORTION):
        told = caption_faces(faces.slice(begin, _PORTION), CaptionSettings(), OptOut.none())
        drawn += told["caption"].drop_null().to_pylist()
    return drawn


def _generate(file: Path, captions: int) -> int:
    """Write a table of ids and captions; return how many there are."""
    drawn = _draw(min(captions, _DRAWN))
    random = np.random.default_rng(0)
    schema = pa.schema([("id", pa.string()), ("caption", pa.string())])
    with pq.ParquetWriter(file, schema) as writer:
        for begin in range(0, captions, _DRAWN):
            rows = min(_DRAWN, captions - begin, len(drawn))
            texts = drawn[:rows]
            if begin:
                others = random.integers(0, len(drawn), rows).tolist()
                pairs = zip(texts, others, strict=True)
                texts = [f"{text} {drawn[other].split('. ')[0]}" for text, other in pairs]
            ids = [f"face-{begin + row}" for row in range(rows)]
            writer.write_table(pa.table({"id": ids, "caption": texts}, schema=schema))
    return pq.ParquetFile(file).metadata.num_rows


def _count(folder: Path) -> int:
    """Count everything but what a model is needed for; return the different 4-grams."""
    settings = TextSettings(counting=os.environ.get("FACECAPTION_BENCH_COUNTING", "exact"))
    with open_texts(folder / "spilled", settings) as connection:
        list_words(connection, VISUAL_WORDS, read_visual_words())
        load_captions(connection, f"SELECT id, caption FROM '{folder / _FILE}'", settings.seed)
        growth = measure_growth(connection, settings.counting)
        texts = told_statistics(connection, growth.whole.distinct_ngrams)
        word_share(connection, VISUAL_WORDS)
    return texts.distinct_ngrams[4]


def run() -> list[Result]:
    """Peak memory of counting the largest of the sizes, and the growth up to it."""
    details: dict[str, object] = {}
    peak = 0.0
    for captions in _sizes():
        with tempfile.TemporaryDirectory() as name:
            measure(_MODULE, "generate", name, captions)
            counted = measure(_MODULE, "count", name, captions)
        peak = counted["peak_mib"]
        details[f"captions_{captions}"] = (
            f"{peak:.0f} MiB, {counted['seconds']:.1f} s, {counted['cpu_seconds']:.1f} CPU-s, "
            f"{counted['found']:.0f} different 4-grams"
        )
    return [
        Result(
            "text_statistics_peak_rss_mib",
            peak,
            "MiB",
            "lower",
            TARGET_MIB,
            "what the default memory_mb is meant to keep it to, and as much again",
            details,
        )
    ]


def main(side: str, folder: str, captions: str) -> None:
    """Do one side's work in this process and print what it took and gave."""
    place = Path(folder)
    tell(lambda: _count(place) if side == "count" else _generate(place / _FILE, int(captions)))


if __name__ == "__main__":
    main(*sys.argv[1:])
