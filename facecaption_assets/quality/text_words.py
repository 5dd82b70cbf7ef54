"""Nouns of captions, and how much of them names what can be seen.

Nouns are told word by word: a word is one if English text has it most often as a common noun. So
"smile" always is and "smiling" never, whatever the sentence. Grounding is the share of tokens that
are on a list of words of visible things. Where the lists come from belongs to ``word_lists``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import duckdb
import pyarrow as pa

from facecaption_assets.quality.text_tokens import one_row

#: Temporary tables of the lists, with one column ``word``.
NOUNS: Final = "listed_nouns"
VISUAL_WORDS: Final = "listed_visual_words"


@dataclass(frozen=True)
class WordShare:
    """How captions use the words of a list.

    Attributes:
        listed: Words on the list.
        distinct: Those of them that occur.
        occurrences: Tokens that are on the list.
        share: The same as a share of all tokens, in [0, 1].
    """

    listed: int
    distinct: int
    occurrences: int
    share: float


def list_words(connection: duckdb.DuckDBPyConnection, table: str, words: Collection[str]) -> None:
    """Fill a temporary table with a list of words, in lower case."""
    column = pa.array(sorted({word.lower() for word in words}), pa.string())
    connection.register("given_words", pa.table({"word": column}))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT word FROM given_words")
    connection.unregister("given_words")


def word_share(connection: duckdb.DuckDBPyConnection, table: str) -> WordShare:
    """How the captions in ``text_tokens``' table ``told`` use the words of ``list_words``."""
    listed, distinct, occurrences, tokens = one_row(
        connection,
        f"SELECT (SELECT count(*) FROM {table}), count(listed.word), "
        "coalesce(sum(occurrences) FILTER (listed.word IS NOT NULL), 0)::BIGINT, "
        "coalesce(sum(occurrences), 0)::BIGINT FROM (SELECT word, sum(copies) AS occurrences FROM "
        "(SELECT unnest(words) AS word, copies FROM told) GROUP BY word) AS used "
        f"LEFT JOIN {table} AS listed ON used.word = listed.word",
    )
    return WordShare(listed, distinct, occurrences, occurrences / tokens if tokens else 0.0)
