"""Template captions: how fast they are drawn and read back, and how different they are.

The faces are random label sets without contradictions, of every kind of subject, so that hardly
two are alike.
"""

from collections.abc import Iterable
from time import process_time

import pyarrow as pa

from facecaption_assets.captions.generation import caption_faces
from facecaption_assets.captions.parsing import parse_caption
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.quality.texts import caption_statistics
from facecaption_assets.shards.opt_out import OptOut
from tests.benchmarks.results import Result
from tests.label_sets import random_label_sets

NUM_FACES = 100_000
NUM_READ = 10_000

#: Faces of a shard.
SHARD = 10_000


def run() -> list[Result]:
    """Captions per second of CPU time, drawn and read, and their distinct 4-grams."""
    faces = random_label_sets(NUM_FACES)
    shards, seconds = [], []
    for begin in range(0, NUM_FACES, SHARD):
        started = process_time()
        shards.append(caption_faces(faces.slice(begin, SHARD), CaptionSettings(), OptOut.none()))
        seconds.append(process_time() - started)
    statistics = caption_statistics(_captions(shards))
    texts = [text for text in _captions(shards[:2]).to_pylist() if text][:NUM_READ]
    parse_caption(texts[0])  # Reading makes its tables at the first caption.
    started = process_time()
    for text in texts:
        parse_caption(text)
    reading = process_time() - started
    against = f"{NUM_FACES:,} random label sets, one caption each"
    return [
        Result(
            "captions_per_second",
            SHARD / min(seconds),
            "captions/s",
            "higher",
            20_000,
            f"{against}; tables to tables, CPU time of the shard least disturbed",
            {"mean over shards": f"{NUM_FACES / sum(seconds):.0f}"},
        ),
        Result(
            "caption_unique_4grams",
            statistics.distinct_ngrams[4],
            "4-grams",
            "higher",
            60_000,
            against,
            {
                "captions": statistics.captions,
                "distinct": statistics.distinct_captions,
                "mean words": f"{statistics.mean_words:.1f}",
            },
        ),
        Result(
            "captions_read_per_second",
            len(texts) / reading,
            "captions/s",
            "higher",
            2_000,
            "captions of the same label sets; CPU time",
        ),
    ]


def _captions(shards: Iterable[pa.Table]) -> pa.ChunkedArray:
    return pa.concat_tables(shards)["caption"]
