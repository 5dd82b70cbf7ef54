"""Statistics of captions as texts: words and sentences per caption, distinct n-grams, repeats.

FaceCaption-15M's own tokenisation, unlike that of ``text_tokens``, is not published, so its figures
compare in size, not in the last digit. Counting is exact and done by DuckDB, which spills to disk
where the captions do not fit into memory. How counts grow with the captions belongs to
``text_growth``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import duckdb
import pyarrow as pa

from facecaption_assets.quality.text_tokens import (
    NGRAM_SIZES,
    gram_hashes,
    grams,
    load_captions,
    one_row,
)

__all__ = ["NGRAM_SIZES", "TextStatistics", "caption_statistics", "query_statistics"]

_TOTALS: Final = """
SELECT
    coalesce(sum(copies), 0)::BIGINT, count(*),
    coalesce(sum(copies) FILTER (copies > 1), 0)::BIGINT,
    coalesce(sum(copies * sentences), 0)::BIGINT
FROM told
"""


@dataclass(frozen=True)
class TextStatistics:
    """What a set of captions looks like as text.

    Attributes:
        captions: Captions counted; nulls are not.
        distinct_captions: Different captions, compared letter by letter.
        repeated_captions: Captions that occur more than once, all their copies counted.
        mean_sentences: Mean sentences per caption; 0 where there is no caption.
        mean_words: Mean tokens per caption; 0 where there is no caption.
        median_words: Median tokens per caption.
        histogram: Captions by their number of tokens.
        ngrams: Occurrences of n-grams by n, 1 to 4; an n-gram does not cross captions.
        distinct_ngrams: Different n-grams by n; those of 1 are the vocabulary.
        repetition: Mean over captions of the share of a caption's n-grams that stand in it before,
            by n, in [0, 1]; Welleck et al. 2020's rep-n. Captions without such n-grams are left
            out.
    """

    captions: int
    distinct_captions: int
    repeated_captions: int
    mean_sentences: float
    mean_words: float
    median_words: float
    histogram: dict[int, int]
    ngrams: dict[int, int]
    distinct_ngrams: dict[int, int]
    repetition: dict[int, float]

    def distinct_n(self, n: int) -> float:
        """Different n-grams as a share of all, in [0, 1]; Li et al. 2016's distinct-n.

        It falls as captions are added: compare sets of equal size only.
        """
        return self.distinct_ngrams[n] / self.ngrams[n] if self.ngrams[n] else 0.0

    @property
    def repeated_share(self) -> float:
        """Share of the captions that occur more than once, in [0, 1]."""
        return self.repeated_captions / self.captions if self.captions else 0.0


def caption_statistics(captions: pa.ChunkedArray) -> TextStatistics:
    """Statistics of a column of captions; nulls are left out."""
    with duckdb.connect() as connection:
        connection.register("given", pa.table({"caption": captions.cast(pa.string())}))
        return query_statistics(connection, "SELECT caption FROM given")


def query_statistics(connection: duckdb.DuckDBPyConnection, query: str) -> TextStatistics:
    """Statistics of the captions that a query selects.

    Args:
        connection: Where the query can run; the temporary table ``told`` is replaced.
        query: SELECT of one column named ``caption``.
    """
    load_captions(connection, f"SELECT '' AS id, caption FROM ({query})")
    return told_statistics(connection)


def told_statistics(
    connection: duckdb.DuckDBPyConnection, distinct_ngrams: Mapping[int, int] | None = None
) -> TextStatistics:
    """Statistics of the captions in ``text_tokens``' table ``told``.

    Args:
        connection: Where the table is.
        distinct_ngrams: Different n-grams by n where they have been counted; else they are.
    """
    captions, distinct, repeated, sentences = one_row(connection, _TOTALS)
    histogram = dict(
        connection.execute(
            "SELECT len(words), sum(copies)::BIGINT FROM told GROUP BY 1 ORDER BY 1"
        ).fetchall()
    )
    counted = distinct_ngrams or {
        n: one_row(
            connection, f"SELECT count(*) FROM (SELECT DISTINCT unnest({grams(n)}) FROM told)"
        )[0]
        for n in NGRAM_SIZES
    }
    return TextStatistics(
        captions=captions,
        distinct_captions=distinct,
        repeated_captions=repeated,
        mean_sentences=sentences / captions if captions else 0.0,
        mean_words=_sum(histogram, 1) / captions if captions else 0.0,
        median_words=_median(histogram),
        histogram=histogram,
        ngrams={n: _sum(histogram, n) for n in NGRAM_SIZES},
        distinct_ngrams=dict(counted),
        repetition={n: _repetition(connection, n) for n in NGRAM_SIZES},
    )


def _sum(histogram: Mapping[int, int], n: int) -> int:
    """Occurrences of n-grams in captions of these lengths."""
    return sum(max(words - n + 1, 0) * captions for words, captions in histogram.items())


def _median(histogram: Mapping[int, int]) -> float:
    captions = sum(histogram.values())
    return (_length_at(histogram, (captions - 1) // 2) + _length_at(histogram, captions // 2)) / 2


def _length_at(histogram: Mapping[int, int], place: int) -> int:
    """Tokens of the caption at a place, from 0, in the order of lengths; 0 where there is none."""
    for words in sorted(histogram):
        place -= histogram[words]
        if place < 0:
            return words
    return 0


def _repetition(connection: duckdb.DuckDBPyConnection, n: int) -> float:
    # Integers first: sums of fractions would depend on the order in which threads add them.
    counted = connection.execute(
        "SELECT len(list_distinct(grams)), len(grams), sum(copies)::BIGINT "
        f"FROM (SELECT copies, {gram_hashes(n)} AS grams FROM told WHERE len(words) >= {n}) "
        "GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    captions = sum(copies for _, _, copies in counted)
    repeated = sum((1 - distinct / total) * copies for distinct, total, copies in counted)
    return float(repeated / captions) if captions else 0.0
