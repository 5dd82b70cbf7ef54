"""A shard's statistics as one long table: stage, metric, label, value.

Counts by status and reason, label rates, resolution and words of one shard. Totals over the
dataset belong to ``funnel`` and the report.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.attributes.vocabulary import ATTRIBUTES
from facecaption_assets.provenance import stage_hash
from facecaption_assets.quality.gates import Outcome
from facecaption_assets.quality.statuses import REWRITTEN
from facecaption_assets.quality.texts import caption_statistics
from facecaption_assets.schema import SHARD_QUALITY

#: Raised when the same tables would give other statistics.
VERSION: Final = 4

#: Columns whose values are counted, per table.
COUNTED: Final[Mapping[str, tuple[str, ...]]] = {
    "shard_plan": ("status",),
    "raw_shards": ("status", "format"),
    "face_crops": ("status", "drop_reason"),
    "image_scores": ("status",),
    "face_attributes": ("status",),
    "template_captions": ("status",),
    "synthetic_captions": ("status", "rejection_reason"),
    "llm_captions": ("status", "rejection_reason"),
    "image_text_scores": ("status", "caption_source"),
}

#: Columns that are averaged over the rows of the good status, per table.
AVERAGED: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "raw_shards": ("success", ("original_width", "original_height", "num_bytes")),
    "face_crops": (
        "kept",
        (
            *("width", "height", "det_score", "canny_edge_density", "image_share"),
            *("visible_share", "sharpness", "brightness", "colourfulness"),
        ),
    ),
    "image_scores": ("scored", ("brisque", "clip_iqa")),
    "face_attributes": ("labelled", ("num_positive",)),
}

#: Of these averaged columns, quantiles are told as well.
QUANTILES: Final[Mapping[str, tuple[str, ...]]] = {
    "face_crops": ("width", "height", "image_share", "sharpness"),
    "image_scores": ("brisque", "clip_iqa"),
}
_LEVELS: Final = {"p05": 0.05, "median": 0.5, "p95": 0.95}

#: Statistics of which less than zero is possible.
_SIGNED: Final = ("mean_brisque", "p05_brisque", "median_brisque", "p95_brisque")

_Row = dict[str, object]


def stage_identity() -> str:
    """Code version of the stage."""
    return stage_hash("shard_quality", VERSION)


def shard_statistics(tables: Mapping[str, pa.Table]) -> pa.Table:
    """Statistics of the tables of one shard.

    Args:
        tables: Any of the shard-level tables, by asset.

    Returns:
        Rows of ``shard_quality``. An average over nothing is left out rather than invented.
    """
    rows = [row for asset, table in tables.items() for row in _table_statistics(asset, table)]
    return SHARD_QUALITY.from_rows(rows)


def reason_kind(reason: str) -> str:
    """A rejection reason without its detail: ``missing_attribute:Smiling`` → its first part."""
    return reason.partition(":")[0]


def counts_match(statistics: pa.Table, rows: Mapping[str, int]) -> Outcome:
    """The counts by status add up to the rows of every table of the shard.

    Args:
        statistics: Rows of ``shard_quality``.
        rows: Rows of each table of the shard that is built.
    """
    by_status = statistics.filter(pc.equal(statistics["metric"], "status"))
    sums = by_status.group_by("stage").aggregate([("value", "sum")]).to_pylist()
    counted = {entry["stage"]: int(entry["value_sum"]) for entry in sums}
    wrong = [
        f"{asset} has {there} rows, {counted.get(asset, 0)} are counted"
        for asset, there in rows.items()
        if counted.get(asset, 0) != there
    ]
    numbers: dict[str, int | float] = {"tables": len(rows), "wrong": len(wrong)}
    good = f"All {sum(rows.values())} rows of {len(rows)} tables are counted."
    return Outcome(not wrong, "; ".join(wrong) + "." if wrong else good, numbers)


def statistics_are_numbers(statistics: pa.Table) -> Outcome:
    """Every statistic is a finite number, and none but of BRISQUE is negative."""
    is_signed = pc.is_in(statistics["metric"], pa.array(_SIGNED))
    possible = pc.or_(pc.greater_equal(statistics["value"], 0), is_signed)
    fine = pc.and_(pc.is_finite(statistics["value"]), possible)
    wrong = statistics.filter(pc.invert(fine))
    names = [f"{row['stage']} {row['metric']} {row['label']}" for row in wrong.to_pylist()]
    numbers: dict[str, int | float] = {"statistics": statistics.num_rows, "wrong": len(names)}
    reason = f"{len(names)} of {statistics.num_rows} statistics are negative or not finite"
    return Outcome(not names, f"{reason}: {', '.join(names)}." if names else f"{reason}.", numbers)


def _table_statistics(asset: str, table: pa.Table) -> Iterator[_Row]:
    yield _row(asset, "rows", "", table.num_rows)
    for column in COUNTED.get(asset, ()):
        for value, count in _value_counts(table[column]).items():
            yield _row(asset, column, value, count)
    status, averaged = AVERAGED.get(asset, ("", ()))
    good = table.filter(pc.equal(table["status"], status)) if averaged else table
    for column in averaged:
        mean = pc.mean(good[column]).as_py()
        if mean is not None:
            yield _row(asset, f"mean_{column}", "", mean)
            yield from _quantiles(asset, column, good)
    if asset == "face_attributes":
        yield from _label_statistics(asset, table)
    if asset in ("template_captions", "llm_captions"):
        yield from _text_statistics(asset, table)
    if asset == "synthetic_captions":
        yield from _text_statistics(asset, table.filter(pc.equal(table["status"], "captioned")))


def _quantiles(asset: str, column: str, good: pa.Table) -> Iterator[_Row]:
    if column in QUANTILES.get(asset, ()):
        found = pc.quantile(good[column], list(_LEVELS.values())).to_pylist()
        for name, value in zip(_LEVELS, found, strict=True):
            yield _row(asset, f"{name}_{column}", "", value)


def _label_statistics(asset: str, table: pa.Table) -> Iterator[_Row]:
    for name in ATTRIBUTES:
        states = table[name]
        positive = int(pc.sum(states).as_py() or 0)
        known = len(states) - states.null_count
        yield _row(asset, "positive", name, positive)
        yield _row(asset, "negative", name, known - positive)
        yield _row(asset, "unknown", name, states.null_count)


def _text_statistics(asset: str, table: pa.Table) -> Iterator[_Row]:
    texts = caption_statistics(table["caption"])
    yield _row(asset, "captions", "", texts.captions)
    yield _row(asset, "distinct_captions", "", texts.distinct_captions)
    yield _row(asset, "repeated_captions", "", texts.repeated_captions)
    if texts.captions:
        yield _row(asset, "mean_sentences", "", texts.mean_sentences)
        yield _row(asset, "mean_words", "", texts.mean_words)
        yield _row(asset, "median_words", "", texts.median_words)
    for n, different in texts.distinct_ngrams.items():
        yield _row(asset, f"distinct_{n}grams", "", different)
    if asset == "llm_captions":
        yield from _rewriting_statistics(asset, table)


def _rewriting_statistics(asset: str, table: pa.Table) -> Iterator[_Row]:
    statuses = _value_counts(table["status"])
    rewritten = sum(statuses.get(status, 0) for status in REWRITTEN)
    if answered := rewritten + statuses.get("fell_back", 0):
        yield _row(asset, "acceptance_share", "", rewritten / answered)
    same = pc.equal(table["caption"], table["template_caption"])
    unchanged = pc.and_(same, pc.is_in(table["status"], pa.array(REWRITTEN)))
    yield _row(asset, "unchanged_rewrites", "", pc.sum(unchanged).as_py() or 0)
    for column in ("num_attempts", "prompt_tokens", "completion_tokens"):
        yield _row(asset, f"total_{column}", "", pc.sum(table[column]).as_py() or 0)


def _value_counts(column: pa.ChunkedArray) -> dict[str, int]:
    counts: dict[str, int] = {}
    for entry in pc.value_counts(column.drop_null()).to_pylist():
        kind = reason_kind(entry["values"])
        counts[kind] = counts.get(kind, 0) + entry["counts"]
    return dict(sorted(counts.items()))


def _row(stage: str, metric: str, label: str, value: Any) -> _Row:
    return {"stage": stage, "metric": metric, "label": label, "value": float(value)}
