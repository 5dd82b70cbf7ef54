"""The suite of a million labelled faces, held over the whole dataset, and a shard's beside it.

The rows are invented, and all of them keep the suite, so that none is spared. The same suite on
one shard through Great Expectations says what counting saves.
"""

import tempfile
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from facecaption_assets.attributes.vocabulary import ATTRIBUTES, probability_column
from facecaption_assets.quality.aggregates import validate_relation
from facecaption_assets.quality.expectations import validate
from facecaption_assets.quality.suites import attribute_expectations
from tests.benchmarks.results import Result, cpu_seconds

ROWS = 1_000_000

#: Faces of the shard that Great Expectations is given.
SHARD = 10_000

#: Attributes that may all be positive at once: the others are negative, so that none contradicts.
_POSITIVE = ("Male", "No_Beard", "Smiling", "Young")


def run() -> list[Result]:
    """CPU seconds of the suite by counting, after the rows have been loaded."""
    suite = attribute_expectations()
    table = _labels()
    columns = {name for rule in suite for name in rule.columns}
    with duckdb.connect() as connection, tempfile.TemporaryDirectory() as folder:
        connection.register("made", table)
        connection.execute("CREATE TABLE loaded AS FROM made")
        file = Path(folder) / "labels.parquet"
        connection.execute(f"COPY made TO '{file}' (COMPRESSION zstd)")
        connection.execute(f"CREATE VIEW stored AS FROM '{file}'")
        assert validate_relation(connection, "loaded", suite).passed
        counted = cpu_seconds(partial(validate_relation, connection, "loaded", suite))
        stored = cpu_seconds(partial(validate_relation, connection, "stored", suite), repeats=2)
    shard = table.slice(0, SHARD)
    in_pandas = cpu_seconds(partial(validate, shard, suite, "shard"), repeats=2)
    return [
        Result(
            "gates_cpu_seconds",
            counted,
            "s",
            "lower",
            1.5,
            f"{ROWS:,} rows x {len(columns)} columns, {len(suite)} expectations, loaded",
            {
                "read from Parquet as well": f"{stored:.2f} s",
                f"Great Expectations on {SHARD:,} rows": f"{in_pandas:.2f} s",
            },
        )
    ]


def _labels() -> pa.Table:
    """Columns of ``face_attributes`` that the suite reads."""
    random = np.random.default_rng(0)
    keys = [f"made-{row // SHARD:05d}-{row % SHARD:05d}" for row in range(ROWS)]
    columns = {
        "face_id": pa.array([f"{key}-0" for key in keys]),
        "key": pa.array(keys),
        "status": pa.array(["labelled"] * ROWS),
        "num_positive": pa.array(random.integers(0, 5, ROWS), pa.int16()),
        "age_years": pa.array(random.uniform(1, 90, ROWS), pa.float32()),
    }
    for name in ATTRIBUTES:
        columns[probability_column(name)] = pa.array(random.random(ROWS, np.float32))
        state = random.random(ROWS) < 0.7 if name in ("Smiling", "Young") else name in _POSITIVE
        is_unknown = random.random(ROWS) < 0.3
        columns[name] = pa.array(np.broadcast_to(state, ROWS), mask=is_unknown)
    return pa.table(columns)
