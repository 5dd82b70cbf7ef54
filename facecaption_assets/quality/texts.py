"""Statistics of captions as texts: words per caption and distinct n-grams.

A token is a run of letters and digits, hyphens and apostrophes inside it included, in lower case:
``A man with a 5 o'clock shadow.`` has seven. FaceCaption-15M's own tokenisation is not published,
so its figures compare in size, not in the last digit. Counting is exact and done by DuckDB, which
spills to disk where the captions do not fit into memory.
"""

from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pyarrow as pa

#: RE2. Typographic apostrophes are made plain before.
TOKEN_PATTERN: Final = r"[\p{L}\p{N}]+(?:['-][\p{L}\p{N}]+)*"
NGRAM_SIZES: Final = (1, 2, 3, 4)


@dataclass(frozen=True)
class TextStatistics:
    """What a set of captions looks like as text.

    Attributes:
        captions: Captions counted; nulls are not.
        distinct_captions: Different captions, compared letter by letter.
        mean_words: Mean tokens per caption; 0 where there is no caption.
        median_words: Median tokens per caption.
        histogram: Captions by their number of tokens.
        ngrams: Occurrences of n-grams by n, 1 to 4; an n-gram does not cross captions.
        distinct_ngrams: Different n-grams by n.
    """

    captions: int
    distinct_captions: int
    mean_words: float
    median_words: float
    histogram: dict[int, int]
    ngrams: dict[int, int]
    distinct_ngrams: dict[int, int]

    def distinct_n(self, n: int) -> float:
        """Different n-grams as a share of all, in [0, 1]; Li et al. 2016's distinct-n."""
        return self.distinct_ngrams[n] / self.ngrams[n] if self.ngrams[n] else 0.0


def caption_statistics(captions: pa.ChunkedArray) -> TextStatistics:
    """Statistics of a column of captions; nulls are left out."""
    with duckdb.connect() as connection:
        connection.register("given", pa.table({"caption": captions.cast(pa.string())}))
        return query_statistics(connection, "SELECT caption FROM given")


def query_statistics(connection: duckdb.DuckDBPyConnection, query: str) -> TextStatistics:
    """Statistics of the captions that a query selects.

    Args:
        connection: Where the query can run; a temporary table ``tokens`` is replaced.
        query: SELECT of one column named ``caption``.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE tokens AS SELECT caption, regexp_extract_all("
        f"lower(replace(caption, '\u2019', '''')), $pattern) AS words FROM ({query}) "
        "WHERE caption IS NOT NULL",
        {"pattern": TOKEN_PATTERN},
    )
    captions, distinct, mean, median = _row(
        connection,
        "SELECT count(*), count(DISTINCT caption), coalesce(avg(len(words)), 0), "
        "coalesce(median(len(words)), 0) FROM tokens",
    )
    histogram = connection.execute(
        "SELECT len(words), count(*) FROM tokens GROUP BY 1 ORDER BY 1"
    ).fetchall()
    ngrams = {n: _row(connection, _ngram_counts(n)) for n in NGRAM_SIZES}
    return TextStatistics(
        captions=captions,
        distinct_captions=distinct,
        mean_words=mean,
        median_words=median,
        histogram=dict(histogram),
        ngrams={n: int(total) for n, (total, _) in ngrams.items()},
        distinct_ngrams={n: different for n, (_, different) in ngrams.items()},
    )


def _ngram_counts(n: int) -> str:
    """SELECT of the occurrences and of the different n-grams; tokens hold no space."""
    grams = (
        f"list_transform(range(1, len(words) - {n - 2}), "
        f"lambda start: array_to_string(words[start : start + {n - 1}], ' '))"
    )
    return (
        "SELECT coalesce(sum(occurrences), 0), count(*) FROM (SELECT count(*) AS occurrences "
        f"FROM (SELECT unnest({grams}) AS gram FROM tokens) GROUP BY gram)"
    )


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    # All rows are fetched: an open result would block the connection.
    rows: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    return rows[0]
