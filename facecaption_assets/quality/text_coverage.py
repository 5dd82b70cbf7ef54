"""How many of a face's positive labels its captions name, and how evenly.

Counted where the stage that wrote a caption recorded what it names. Whether a text names an
attribute is judged there, not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2
from typing import Final

import duckdb

from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.quality.text_tokens import one_row

_LABELLED: Final = "status IN ('labelled', 'too_few_labels')"


@dataclass(frozen=True)
class Coverage:
    """What captions say of the labels of their faces.

    Attributes:
        captions: Captions of labelled faces.
        positive: Captions whose face has the attribute, by attribute that occurs.
        named: Those of them that name it, by the same attributes.
        share: Named of all positive labels, in [0, 1]. Attributes that the settings leave unspoken
            count as not named.
        positive_entropy: Shannon entropy of the positive labels over attributes, bits; 0 where all
            are of one attribute, log2(40) = 5.3 where the forty are equally frequent.
        named_entropy: The same of those that are named.
    """

    captions: int
    positive: dict[str, int]
    named: dict[str, int]
    share: float
    positive_entropy: float
    named_entropy: float


def measure_coverage(connection: duckdb.DuckDBPyConnection, query: str) -> Coverage:
    """Coverage of the captions that a query selects.

    Args:
        connection: Views of the dataset, from ``dataset.open_tables``.
        query: SELECT of ``face_id`` and ``attributes``, a row for each caption.
    """
    counts = ", ".join(
        f'count(*) FILTER ("{name}"), count(*) FILTER ("{name}" AND '
        f"list_contains(told.attributes, '{name}'))"
        for name in ATTRIBUTES
    )
    captions, *row = one_row(
        connection,
        f"SELECT count(*), {counts} FROM ({query}) AS told JOIN "
        f"(SELECT * FROM face_attributes WHERE {_LABELLED}) AS faces USING (face_id)",
    )
    found = {name: (row[2 * i], row[2 * i + 1]) for i, name in enumerate(ATTRIBUTES)}
    positive = {name: faces for name, (faces, _) in found.items() if faces}
    named = {name: found[name][1] for name in positive}
    total = sum(positive.values())
    return Coverage(
        captions=captions,
        positive=positive,
        named=named,
        share=sum(named.values()) / total if total else 0.0,
        positive_entropy=entropy(positive),
        named_entropy=entropy(named),
    )


def entropy(counts: Mapping[str, int]) -> float:
    """Shannon entropy of counts, bits; 0 where there is nothing."""
    total = sum(counts.values())
    shares = [count / total for count in counts.values() if count]
    # Added to zero: the entropy of a certainty is not minus zero.
    return 0.0 - sum(share * log2(share) for share in shares)
