"""The score that a share of the faces reaches, over the whole dataset.

Exact by sorting on disk; above ``EXACT_FACES``, by DuckDB's t-digest in memory, whose share of
faces that pass is off by less than ``APPROXIMATE_ERROR``.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import duckdb

#: Most faces whose scores are sorted.
EXACT_FACES: Final = 200_000_000

#: How far the share of faces that pass an approximate threshold may be from the one asked for.
APPROXIMATE_ERROR: Final = 0.005


@dataclass(frozen=True)
class Threshold:
    """A share of a source's faces, and where it ends.

    Attributes:
        source: Source whose scores were ranked.
        top: The share.
        value: Least score that passes.
        scored: Faces that have a score of the source.
        passing: Faces that pass; more than the share where several end it with one score.
        is_exact: Whether ``value`` is the score of the last face of the share.
    """

    source: str
    top: float
    value: float
    scored: int
    passing: int
    is_exact: bool


def find_threshold(
    connection: duckdb.DuckDBPyConnection, source: str, top: float, most_exact: int = EXACT_FACES
) -> Threshold | None:
    """The threshold of a source's top share; None where no face has a score of the source.

    The share is of faces, each with its best score of the source, and is rounded down to whole
    faces, but at least one. Equal scores pass together.

    Args:
        connection: Has the table ``face_scores (face_id, source, score)`` without nulls or NaN.
        source: Whose scores.
        top: Share, (0, 1].
        most_exact: Most faces that are sorted.
    """
    scores = "FROM face_scores WHERE source = $source"
    named: dict[str, Any] = {"source": source}
    (scored,) = _one(connection, f"SELECT count(*) {scores}", named)
    if not scored:
        return None
    is_exact = scored <= most_exact
    if is_exact:
        # Counted in decimals: 0.29 of 100 faces are 29, which binary fractions miss.
        last = max(1, int(Decimal(str(top)) * scored))
        query = f"SELECT score {scores} ORDER BY score DESC LIMIT 1 OFFSET {last - 1}"
        (value,) = _one(connection, query, named)
    else:
        query = f"SELECT approx_quantile(score, {1 - top:.9f}) {scores}"
        (value,) = _one(connection, query, named)
    passed = f"SELECT count(*) {scores} AND score >= $value"
    (passing,) = _one(connection, passed, {**named, "value": value})
    return Threshold(source, top, float(value), scored, passing, is_exact)


def _one(
    connection: duckdb.DuckDBPyConnection, query: str, named: dict[str, Any]
) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(query, named).fetchone()
    assert row is not None
    return row
