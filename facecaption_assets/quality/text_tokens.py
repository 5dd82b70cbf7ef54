"""Captions as tokens in DuckDB: what all statistics of texts are counted from.

A token is a run of letters and digits, hyphens and apostrophes inside it included, in lower case:
``A man with a 5 o'clock shadow.`` has seven. Equal captions are kept once, with their number. What
is counted belongs to the other modules of texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb

from facecaption_assets.quality.text_settings import TextSettings

#: RE2. Typographic apostrophes are made plain before.
TOKEN_PATTERN: Final = r"[\p{L}\p{N}]+(?:['-][\p{L}\p{N}]+)*"
NGRAM_SIZES: Final = (1, 2, 3, 4)

#: Shares of the captions after which growth is measured, in percent; each holds those before it.
STEPS: Final = (1, 2, 5, *range(10, 101, 10))

#: A sentence ends with a full stop, exclamation or question mark before white space: an
#: abbreviation ends one too. A part without a token, such as a lone dash, is no sentence.
_SENTENCE_END: Final = r"[.!?]+[\"'\x{201d}\x{2019})\]]*\s+"

#: What makes a part a sentence.
_TOKEN_CHARACTER: Final = r"[\p{L}\p{N}]"

#: The first of the steps that holds a place, which is below 2**64.
_STEP: Final = (
    f"list_filter({list(STEPS)}, lambda step: place / 18446744073709551616 * 100 < step)[1]"
)


@contextmanager
def open_texts(folder: Path, settings: TextSettings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own whose memory is bounded; what exceeds it is written to a folder.

    Args:
        folder: For what does not fit; grows to several times the captions.
        settings: Memory and threads.
    """
    with duckdb.connect() as connection:
        bound_memory(connection, folder, settings)
        yield connection


def bound_memory(
    connection: duckdb.DuckDBPyConnection, folder: Path, settings: TextSettings
) -> None:
    """Have a connection write to a folder what exceeds the settings' memory."""
    connection.execute(f"SET memory_limit = '{settings.memory_mb}MB'")
    connection.execute("SET temp_directory = ?", [str(folder)])
    connection.execute(f"SET threads = {settings.threads}")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET enable_progress_bar = false")


def load_captions(connection: duckdb.DuckDBPyConnection, query: str, seed: str = "") -> None:
    """Fill the temporary tables ``told`` and ``steps`` from the captions that a query selects.

    ``told`` has a row for each different caption: ``caption``; ``copies``, how often it occurs;
    ``words``; ``sentences``; ``place``, where its first copy stands in an order that a hash of seed
    and id decides; and ``step``, the first of ``STEPS`` that holds that place. ``steps`` has the
    ``captions`` that each ``step`` adds, copies included. The captions up to a step are a random
    sample, in which a caption stays when others are added to the set.

    Args:
        connection: Where the query can run.
        query: SELECT of ``id``, unique text, and ``caption``; null captions are left out.
        seed: Another seed gives another order.
    """
    placed = (
        f"SELECT caption, place, {_STEP} AS step FROM (SELECT caption, "
        f"md5_number_upper($seed || id) AS place FROM ({query}) WHERE caption IS NOT NULL)"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE told AS SELECT caption, copies, place, step, "
        "regexp_extract_all(lower(replace(caption, '\u2019', '''')), $pattern) AS words, "
        "len(list_filter(regexp_split_to_array(caption, $ending), "
        "lambda part: regexp_matches(part, $character))) AS sentences "
        "FROM (SELECT caption, count(*) AS copies, min(place) AS place, min(step) AS step "
        f"FROM ({placed}) GROUP BY caption)",
        {
            "seed": seed,
            "pattern": TOKEN_PATTERN,
            "ending": _SENTENCE_END,
            "character": _TOKEN_CHARACTER,
        },
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE steps AS "
        f"SELECT step, count(*) AS captions FROM ({placed}) GROUP BY step",
        {"seed": seed},
    )


def grams(n: int) -> str:
    """SQL of the list of a row's n-grams as texts, from its ``words``; tokens hold no space."""
    if n == 1:
        return "words"
    return (
        f"list_transform(range(1, len(words) - {n - 2}), "
        f"lambda start: array_to_string(words[start : start + {n - 1}], ' '))"
    )


def gram_hashes(n: int) -> str:
    """SQL of the list of 64-bit hashes of a row's n-grams, several times faster than the texts.

    Two different n-grams may have one hash, so it serves estimates and single captions, not exact
    counts of many.
    """
    parts = ", ".join(f"words[start + {offset}]" for offset in range(n))
    return f"list_transform(range(1, len(words) - ({n - 2})), lambda start: hash({parts}))"


def one_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The only row of a query's result."""
    # All rows are fetched: an open result would block the connection.
    rows: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    return rows[0]
