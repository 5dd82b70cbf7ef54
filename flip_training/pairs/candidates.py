"""A shard's caption rows → those that a recipe may choose from, with their scores.

Here a row goes for what it is: it has no caption, its face has no crop, was opted out, is a copy or
is in a benchmark. Choosing among the others belongs to ``selection``.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from flip_training.pairs.benchmarks import Benchmarks
from flip_training.pairs.duplicates import Duplicates
from flip_training.pairs.inputs import SCORES
from flip_training.pairs.opt_out import OptOut
from flip_training.pairs.recipes import CAPTION_TABLES, Recipe
from flip_training.storage import PartitionMissing, Storage

#: Statuses of a row that has a usable caption; ``kept`` is a face's, which has the web's text.
USABLE: Final = frozenset({"captioned", "accepted", "repaired", "fell_back", "kept"})

#: A source as ``image_text_scores`` calls it.
_SCORED_AS: Final[Mapping[str, str]] = {"raw": "alt_text"}

#: Captions that may be chosen. ``score_status`` says why there is no score.
CANDIDATES: Final = pa.schema(
    [
        ("shard", pa.string()),
        ("face_id", pa.string()),
        ("key", pa.string()),
        ("split_group", pa.string()),
        ("crop_sha256", pa.string()),
        ("source", pa.string()),
        ("source_order", pa.int8()),
        ("caption_index", pa.int16()),
        ("caption", pa.string()),
        ("score", pa.float32()),
        ("score_status", pa.string()),
    ]
)

#: Scores of all captions of usable faces, chosen from or not.
FACE_SCORES: Final = pa.schema(
    [("face_id", pa.string()), ("source", pa.string()), ("score", pa.float32())]
)

#: Every kept crop, usable or not, by what would show that two are of one picture.
PICTURES: Final = pa.schema(
    [
        ("split_group", pa.string()),
        ("key", pa.string()),
        ("crop_sha256", pa.string()),
        ("picture_sha256", pa.string()),
        ("copies", pa.string()),
    ]
)

_Row = dict[str, Any]


@dataclass(frozen=True)
class Barred:
    """What no recipe may use, whatever its captions."""

    opt_out: OptOut
    duplicates: Duplicates
    benchmarks: Benchmarks

    @classmethod
    def read(cls, storage: Storage) -> "Barred":
        """As a data root has them.

        Raises:
            GateFailed: If the search for duplicates has failed its gate.
            OptOutError: If the opt-out list cannot be used.
            BenchmarkError: If a benchmark's hashes cannot be used.
        """
        return cls(
            OptOut.read(storage.opt_out_folder),
            Duplicates.read(storage),
            Benchmarks.read(storage.benchmarks_folder),
        )

    def reasons(self, crops: Mapping[str, _Row], raw: Mapping[str, _Row]) -> dict[str, str]:
        """Why faces are barred, by face_id; the last of the reasons below where several are.

        Args:
            crops: Rows of face_crops by face_id.
            raw: Rows of raw_shards by key.
        """
        found = {f: "duplicate" for f, c in crops.items() if self.duplicates.covers(f, c["sha256"])}
        # Of a crop the sum only: crops are composed alike, and have no long hash.
        sums = [{"sha256": crop["sha256"]} for crop in crops.values()]
        for rows in (sums, [raw.get(crop["key"], {}) for crop in crops.values()]):
            names = self.benchmarks.covering(rows)
            found |= {f: f"benchmark_{n}" for f, n in zip(crops, names, strict=True) if n}
        if self.opt_out:
            for face_id, crop in crops.items():
                picture = raw.get(crop["key"], {})
                if self.opt_out.covers_row(crop) or self.opt_out.covers_row(picture):
                    found[face_id] = "opted_out"
        return found


@dataclass(frozen=True)
class ShardCandidates:
    """What a shard offers.

    Attributes:
        captions: CANDIDATES rows.
        scores: FACE_SCORES rows of the recipe's scored sources.
        pictures: PICTURES rows.
        num_rows: Caption rows that were read.
        excluded: Rows that are no candidates, by reason.
    """

    captions: pa.Table
    scores: pa.Table
    pictures: pa.Table
    num_rows: int
    excluded: Counter[str]


def read_shard(storage: Storage, shard: str, recipe: Recipe, barred: Barred) -> ShardCandidates:
    """What a shard offers to a recipe.

    Raises:
        PartitionMissing: If a table is missing; of ``raw_shards`` only where an opt-out list or a
            benchmark asks for what is recorded there.
    """
    crops = _kept_crops(storage, shard)
    raw = _pictures(storage, shard, bool(barred.opt_out) or bool(barred.benchmarks))
    reasons = barred.reasons(crops, raw)
    scores = dict(_scores(storage, shard, recipe))
    excluded: Counter[str] = Counter()
    chosen: list[_Row] = []
    num_rows = 0
    for order, source in enumerate(recipe.sources):
        for row in _caption_rows(storage, shard, source):
            num_rows += 1
            if reason := _exclusion(row, crops, reasons):
                excluded[reason] += 1
                continue
            place = (row["face_id"], source, row["caption_index"])
            score, status = scores.get(place, (None, "missing"))
            more = {"source": source, "source_order": order, "score": score, "score_status": status}
            chosen.append({**row, **more, **_face(shard, crops[row["face_id"]])})
    ranked = [
        {"face_id": face_id, "source": source, "score": score}
        for (face_id, source, _), (score, _) in scores.items()
        if score is not None and face_id in crops and face_id not in reasons
    ]
    return ShardCandidates(
        pa.Table.from_pylist(chosen, schema=CANDIDATES),
        pa.Table.from_pylist(ranked, schema=FACE_SCORES),
        pa.Table.from_pylist(list(_links(crops, raw, barred.duplicates)), schema=PICTURES),
        num_rows,
        excluded,
    )


def _face(shard: str, crop: _Row) -> _Row:
    columns = {name: crop[name] for name in ("key", "split_group")}
    return {"shard": shard, **columns, "crop_sha256": crop["sha256"]}


def _kept_crops(storage: Storage, shard: str) -> dict[str, _Row]:
    columns = ["face_id", "key", "split_group", "status", "sha256", "phash"]
    rows = storage.read_known("face_crops", shard, columns).to_pylist()
    return {str(row["face_id"]): row for row in rows if row["status"] == "kept"}


def _pictures(storage: Storage, shard: str, needed: bool) -> dict[str, _Row]:
    columns = ["key", "url", "final_url", "metadata", "sha256", "phash", "phash256"]
    try:
        rows = storage.read_known("raw_shards", shard, columns).to_pylist()
    except PartitionMissing:
        if needed:
            raise
        return {}
    return {row["key"]: row for row in rows}


def _caption_rows(storage: Storage, shard: str, source: str) -> Iterable[_Row]:
    if source == "raw":
        columns = ["face_id", "status", "alt_text"]
        for row in storage.read_known("face_crops", shard, columns).to_pylist():
            yield {**row, "caption": row.get("alt_text"), "caption_index": 0}
    else:
        columns = ["face_id", "caption_index", "status", "caption"]
        yield from storage.read_table(CAPTION_TABLES[source], shard, columns).to_pylist()


def _exclusion(row: _Row, crops: Mapping[str, _Row], barred: Mapping[str, str]) -> str | None:
    """Why a caption row is no candidate; None if it is one."""
    if row["status"] not in USABLE:
        return f"status_{row['status']}"
    if not str(row["caption"] or "").strip():
        return "empty_caption"
    if row["face_id"] not in crops:
        return "no_crop"
    return barred.get(row["face_id"])


def _scores(
    storage: Storage, shard: str, recipe: Recipe
) -> Iterable[tuple[tuple[str, str, int], tuple[float | None, str]]]:
    """Score, or None with the reason, by face, source and index of the caption."""
    if not recipe.scored_sources:
        return
    sources = {_SCORED_AS.get(source, source): source for source in recipe.scored_sources}
    columns = ["face_id", "caption_source", "caption_index", "status", recipe.score]
    for row in storage.read_table(SCORES, shard, columns).to_pylist():
        if (source := sources.get(row["caption_source"])) is not None:
            score, status = row[recipe.score], row["status"]
            if score is not None and not math.isfinite(score):
                score, status = None, "not_finite"
            elif score is None and status == "scored":
                status = "unavailable"
            yield (row["face_id"], source, row["caption_index"]), (score, status)


def _links(
    crops: Mapping[str, _Row], raw: Mapping[str, _Row], duplicates: Duplicates
) -> Iterable[_Row]:
    for face_id, crop in crops.items():
        yield {
            "split_group": crop["split_group"],
            "key": crop["key"],
            "crop_sha256": crop["sha256"],
            "picture_sha256": raw.get(crop["key"], {}).get("sha256"),
            "copies": duplicates.group_of(face_id, crop["sha256"]),
        }
