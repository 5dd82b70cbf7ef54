"""How the different words, n-grams and nouns of captions grow with the number of captions.

A gram counts from the first subset that holds it, so that one pass over the grams gives the whole
curve. Counted exactly, or with HyperLogLog, whose registers are small whatever the captions. What
the subsets are belongs to ``text_tokens``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from math import log, sqrt
from typing import Final

import duckdb
import numpy as np
from numpy.typing import NDArray

from facecaption_assets.quality.text_tokens import NGRAM_SIZES, STEPS, gram_hashes, grams

#: HyperLogLog's registers: DuckDB's own function has so few that its error is several percent.
_REGISTER_BITS: Final = 14
_REGISTERS: Final = 1 << _REGISTER_BITS
_ALPHA: Final = 0.7213 / (1 + 1.079 / _REGISTERS)

#: Standard error of an approximate count, as a share of it.
STANDARD_ERROR: Final = 1.04 / sqrt(_REGISTERS)


@dataclass(frozen=True)
class GrowthPoint:
    """What a random part of the captions holds.

    Attributes:
        percent: Size that the part is meant to have, in percent of the captions.
        captions: Captions in it, copies included.
        distinct_ngrams: Different n-grams by n, 1 to 4; those of 1 are the vocabulary.
        distinct_nouns: Different nouns; None where no lexicon is given.
    """

    percent: int
    captions: int
    distinct_ngrams: dict[int, int]
    distinct_nouns: int | None


@dataclass(frozen=True)
class Growth:
    """The curve of one source of captions.

    Attributes:
        points: From the smallest part to all captions; each holds those before it.
        standard_error: Of the n-grams' counts, as a share of them; 0 where they are exact. Nouns
            are always counted exactly.
    """

    points: tuple[GrowthPoint, ...]
    standard_error: float

    @property
    def whole(self) -> GrowthPoint:
        """The point of all captions."""
        return self.points[-1]


def measure_growth(
    connection: duckdb.DuckDBPyConnection, counting: str, nouns: str | None = None
) -> Growth:
    """Growth curve of the captions in ``text_tokens``' tables ``told`` and ``steps``.

    Args:
        connection: Where the tables are.
        counting: ``exact`` or ``approximate``.
        nouns: Table whose column ``word`` holds the nouns.
    """
    is_exact = counting == "exact"
    count, listed = (_count_exactly, grams) if is_exact else (_count_approximately, gram_hashes)
    captions = dict(connection.execute("SELECT step, captions FROM steps").fetchall())
    totals = list(accumulate(captions.get(step, 0) for step in STEPS))
    by_n = {n: count(connection, _occurrences(listed(n))) for n in NGRAM_SIZES}
    found = None
    if nouns is not None:
        is_noun = f"WHERE gram IN (SELECT word FROM {nouns})"
        found = _count_exactly(connection, f"SELECT * FROM ({_occurrences(grams(1))}) {is_noun}")
    points = tuple(
        GrowthPoint(
            percent=step,
            captions=totals[at],
            distinct_ngrams={n: by_n[n][at] for n in NGRAM_SIZES},
            distinct_nouns=None if found is None else found[at],
        )
        for at, step in enumerate(STEPS)
    )
    return Growth(points, 0.0 if is_exact else STANDARD_ERROR)


def _occurrences(listed: str) -> str:
    """SELECT of ``gram`` and ``step``, a row for each n-gram of each different caption."""
    return f"SELECT unnest({listed}) AS gram, step FROM told"


def _count_exactly(connection: duckdb.DuckDBPyConnection, occurrences: str) -> list[int]:
    """Different grams up to each step."""
    added = dict(
        connection.execute(
            "SELECT step, count(*) FROM "
            f"(SELECT min(step) AS step FROM ({occurrences}) GROUP BY gram) GROUP BY step"
        ).fetchall()
    )
    return list(accumulate(added.get(step, 0) for step in STEPS))


def _count_approximately(connection: duckdb.DuckDBPyConnection, occurrences: str) -> list[int]:
    """Estimates of the same from HyperLogLog's registers, which merge by their maximum.

    Source: P. Flajolet et al., "HyperLogLog: the analysis of a near-optimal cardinality estimation
    algorithm", 2007, figure 3, with 64-bit hashes.
    """
    # Of the hash, the low bits choose the register; its rank is the place of the first of the
    # others that is set.
    rows = connection.execute(
        f"SELECT step, register, max(bit_count(xor(rest, rest - 1))) FROM (SELECT step, "
        f"(hashed & {_REGISTERS - 1})::INTEGER AS register, "
        f"(hashed >> {_REGISTER_BITS}) | {1 << (64 - _REGISTER_BITS)}::UBIGINT AS rest "
        f"FROM (SELECT step, gram AS hashed FROM ({occurrences}))) GROUP BY step, register"
    ).fetchnumpy()
    steps, registers, ranks = (np.asarray(column) for column in rows.values())
    merged = np.zeros(_REGISTERS, np.uint8)
    estimates = []
    for step in STEPS:
        chosen = steps == step
        np.maximum.at(merged, registers[chosen], ranks[chosen].astype(np.uint8))
        estimates.append(_estimate(merged))
    return estimates


def _estimate(ranks: NDArray[np.uint8]) -> int:
    """Different values that leave registers in this state."""
    raw = _ALPHA * _REGISTERS**2 / float(np.sum(np.exp2(-ranks.astype(np.float64))))
    empty = int(np.count_nonzero(ranks == 0))
    if raw <= 2.5 * _REGISTERS and empty:
        return round(_REGISTERS * log(_REGISTERS / empty))
    return round(raw)
