"""Where a share of the faces ends, exactly and by a digest."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from flip_training.pairs.thresholds import APPROXIMATE_ERROR, find_threshold


def connect(scores: np.ndarray) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    names = pa.array([str(place) for place in range(len(scores))])
    faces = pa.table({"face_id": names, "source": ["raw"] * len(scores), "score": scores})
    connection.register("faces", faces)
    connection.execute("CREATE TABLE face_scores AS FROM faces")
    connection.unregister("faces")
    return connection


@pytest.mark.parametrize("share", [0.001, 0.1, 0.29, 0.3, 0.57, 0.9, 1.0])
def test_the_threshold_is_that_of_sorting(share) -> None:
    scores = np.random.default_rng(0).normal(0.2, 0.05, 100).astype(np.float32)
    with connect(scores) as connection:
        found = find_threshold(connection, "raw", share)
    assert found is not None and found.is_exact
    last = max(1, round(share * 100))
    assert found.value == np.sort(scores)[::-1][last - 1]
    assert (found.passing, found.scored) == (last, 100)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("shape", ["normal", "two_humps"])
def test_an_approximate_threshold_is_within_the_stated_error(share, shape) -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(0.2, 0.05, 200_000)
    if shape == "two_humps":
        scores[::2] += 0.3
    with connect(scores.astype(np.float32)) as connection:
        found = find_threshold(connection, "raw", share, most_exact=1000)
    assert found is not None and not found.is_exact
    assert abs(found.passing / found.scored - share) < APPROXIMATE_ERROR


def test_a_source_without_scores_has_no_threshold() -> None:
    with connect(np.zeros(1, np.float32)) as connection:
        assert find_threshold(connection, "llm", 0.3) is None
