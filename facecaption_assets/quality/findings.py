"""What the report says, as values: label rates, failed gates, retrieval.

Everything here is read from committed tables and recorded verdicts. How it is drawn belongs to
``report`` and its templates; faces shown one by one to ``gallery``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
from tqdm import tqdm

from facecaption_assets.attributes.vocabulary import ATTRIBUTES, GROUPS
from facecaption_assets.quality.gate_page import gate_page
from facecaption_assets.schema import DATASET_TABLES, RETRIEVAL_ASSET, TABLES
from facecaption_assets.storage import Storage


@dataclass(frozen=True)
class LabelCounts:
    """How often an attribute is positive, negative and unknown over the labelled faces."""

    attribute: str
    group: str
    positive: int
    negative: int
    unknown: int


@dataclass(frozen=True)
class Rewrites:
    """Accepted or repaired rewritings, and how many repeat their template word for word."""

    accepted: int
    unchanged: int


@dataclass(frozen=True)
class FailedGate:
    """A check that the present data of a partition has failed.

    Attributes:
        asset: The table.
        partition: Which part of it.
        check: Name of the check.
        reason: What it says.
        blocking: Whether it holds back what follows.
        page: Page with the failing rows, seen from the reports; empty where there is none.
    """

    asset: str
    partition: str
    check: str
    reason: str
    blocking: bool
    page: str = ""


@dataclass(frozen=True)
class Gates:
    """What the recorded checks say.

    Attributes:
        partitions: Built partitions of all tables.
        unchecked: Built partitions whose present data no check has judged.
        verdicts: Checks that judged the present data of a partition.
        failed: Those that failed.
    """

    partitions: int
    unchecked: int
    verdicts: int
    failed: list[FailedGate]


def count_labels(connection: duckdb.DuckDBPyConnection) -> list[LabelCounts]:
    """Counts per attribute over faces that have been annotated, in the order of the groups."""
    columns = ", ".join(
        f"count(*) FILTER ({state})"
        for name in ATTRIBUTES
        for state in (f'"{name}"', f'NOT "{name}"', f'"{name}" IS NULL')
    )
    row = connection.execute(
        f"SELECT {columns} FROM face_attributes WHERE status IN ('labelled', 'too_few_labels')"
    ).fetchall()[0]
    counts = {name: row[3 * i : 3 * i + 3] for i, name in enumerate(ATTRIBUTES)}
    return [
        LabelCounts(name, group, *counts[name]) for group, names in GROUPS.items() for name in names
    ]


def count_rewrites(connection: duckdb.DuckDBPyConnection) -> Rewrites:
    """How much the language model changed what it was given."""
    counts = connection.execute(
        "SELECT count(*), count(*) FILTER (caption = template_caption) FROM llm_captions "
        "WHERE status IN ('accepted', 'repaired')"
    ).fetchall()[0]
    return Rewrites(*counts)


def read_gates(storage: Storage) -> Gates:
    """Verdicts on the present data of every built partition of the schema's tables."""
    built = [(asset, p) for asset in TABLES | DATASET_TABLES for p in storage.partitions(asset)]
    failed: list[FailedGate] = []
    verdicts = unchecked = 0
    for asset, partition in tqdm(built, desc="read verdicts", disable=None, leave=False):
        said = storage.read_verdicts(asset, partition)
        verdicts += len(said)
        unchecked += not said
        page = _page_of(storage, asset, partition) if any(not v.passed for v in said) else ""
        failed.extend(
            FailedGate(asset, partition, v.check, v.reason, v.blocking, page)
            for v in said
            if not v.passed
        )
    return Gates(len(built), unchecked, verdicts, failed)


def _page_of(storage: Storage, asset: str, partition: str) -> str:
    page = str(gate_page(asset, partition))
    return page if (storage.reports / page).exists() else ""


def read_retrieval(storage: Storage) -> list[dict[str, Any]]:
    """Rows of every recipe's retrieval metrics; empty where nothing has been evaluated."""
    return [
        row
        for recipe in storage.partitions(RETRIEVAL_ASSET)
        for row in storage.read_table(RETRIEVAL_ASSET, recipe).to_pylist()
    ]
