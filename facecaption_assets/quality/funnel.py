"""The funnel: how many pictures and faces each stage kept, and why the others were dropped.

Counted over every committed shard. How it is drawn in the report belongs to the template.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import duckdb

from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.duplicate_inputs import ASSET as DUPLICATES
from facecaption_assets.quality.duplicate_inputs import shards_of
from facecaption_assets.schema import WHOLE_DATASET
from facecaption_assets.storage import Storage

#: From here on faces are counted, not pictures.
FACES_FOUND: Final = "faces found"

#: What training takes: final captions whose face is not a worse copy of another one.
WITHOUT_DUPLICATES: Final = "without duplicates"

_BAR_WIDTH: Final = 24


#: A row that was left out gives the kind of the opt-out entry as its reason.
_WHY: Final = "CASE {0} WHEN 'opted_out' THEN coalesce(error_message, {0}) ELSE {0} END"


@dataclass(frozen=True)
class _Question:
    """How a step is counted: SQL over one of the dataset's views, the asset's unless it differs."""

    name: str
    asset: str
    where: str
    reason: str = "status"
    lost_where: str = ""
    what: str = "count(*)"
    rows: str = ""


_FINAL: Final = "status IN ('accepted', 'repaired', 'fell_back')"

_QUESTIONS: Final = (
    _Question("pictures planned", "shard_plan", "true"),
    _Question(
        "pictures fetched",
        "raw_shards",
        "status = 'success'",
        reason=_WHY.format("status"),
        lost_where="status <> 'success'",
    ),
    _Question(
        "pictures with a face",
        "face_crops",
        "face_id IS NOT NULL",
        reason=_WHY.format("drop_reason"),
        lost_where="face_id IS NULL",
        what="count(DISTINCT key)",
    ),
    _Question(FACES_FOUND, "face_crops", "face_id IS NOT NULL"),
    _Question(
        "faces kept",
        "face_crops",
        "status = 'kept'",
        reason=_WHY.format("drop_reason"),
        lost_where="status = 'dropped' AND face_id IS NOT NULL",
    ),
    _Question(
        "faces labelled",
        "face_attributes",
        "status = 'labelled'",
        reason=_WHY.format("status"),
        lost_where="status <> 'labelled'",
    ),
    _Question(
        "template captions",
        "template_captions",
        "status = 'captioned'",
        lost_where="status <> 'captioned'",
    ),
    _Question(
        "final captions",
        "llm_captions",
        _FINAL,
        lost_where=f"NOT {_FINAL}",
    ),
    _Question(
        "of them rewritten",
        "llm_captions",
        "status IN ('accepted', 'repaired')",
        reason="'fell back: ' || coalesce(split_part(rejection_reason, ':', 1), 'unknown')",
        lost_where="status = 'fell_back'",
    ),
    _Question(
        WITHOUT_DUPLICATES,
        DUPLICATES,
        f"{_FINAL} AND copied IS NULL",
        reason="copied",
        lost_where=f"{_FINAL} AND copied IS NOT NULL",
        rows=(
            "llm_captions LEFT JOIN (SELECT face_id, reason || ' duplicate' AS copied "
            f"FROM {DUPLICATES} WHERE NOT is_kept) USING (face_id)"
        ),
    ),
)


@dataclass(frozen=True)
class FunnelStep:
    """One step of the funnel.

    Attributes:
        name: What is counted, as a reader would say it.
        asset: Table that it is counted in.
        count: How many.
        shards: Partitions of the asset that are built.
        lost: What was dropped or fell back at this step, by reason, most frequent first.
    """

    name: str
    asset: str
    count: int
    shards: int
    lost: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Funnel:
    """Steps from planned pictures to captions that training takes, in order."""

    steps: tuple[FunnelStep, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no shard of any stage is built."""
        return not any(step.shards for step in self.steps)

    @property
    def planned_shards(self) -> int:
        """Shards that the funnel starts from."""
        return self.steps[0].shards

    def share_of_step_before(self, position: int) -> float | None:
        """A step's count as a share of the step before it.

        None where the two do not compare: the first step, faces after pictures, copies after
        rewritings, and steps that are built for different numbers of shards.
        """
        step, before = self.steps[position], self.steps[position - 1]
        is_of_it = position > 0 and step.name not in (FACES_FOUND, WITHOUT_DUPLICATES)
        compares = is_of_it and step.shards == before.shards
        return step.count / before.count if compares and before.count else None

    def count(self, name: str) -> int:
        """Count of the step of that name."""
        return next(step.count for step in self.steps if step.name == name)

    def to_text(self) -> str:
        """The funnel as aligned lines for a terminal, without a final newline."""
        if self.is_empty:
            return "Nothing is built yet."
        most = max(step.count for step in self.steps) or 1
        name_width = max(len(step.name) for step in self.steps)
        count_width = max(len(f"{step.count:,}") for step in self.steps)
        lines = []
        for step in self.steps:
            note = "█" * round(_BAR_WIDTH * step.count / most) if step.shards else "not built"
            if 0 < step.shards < self.planned_shards:
                note += f" {step.shards:,} of {self.planned_shards:,} shards"
            lines.append(f"{step.name:<{name_width}}  {step.count:>{count_width},}  {note}")
            lines.extend(
                f"{'':<{name_width}}  {count:>{count_width},}  - {reason.replace('_', ' ')}"
                for reason, count in step.lost.items()
            )
        return "\n".join(line.rstrip() for line in lines)


def count_funnel(storage: Storage) -> Funnel:
    """The funnel over every committed shard; a stage that is not built counts zero.

    A stage is counted over the shards that it has: right after a source is registered the first
    steps are ahead of the last.
    """
    with open_tables(storage) as connection:
        return query_funnel(connection, storage)


def query_funnel(connection: duckdb.DuckDBPyConnection, storage: Storage) -> Funnel:
    """As ``count_funnel``, over views that are already open."""
    return Funnel(tuple(_ask(connection, storage, question) for question in _QUESTIONS))


def _ask(
    connection: duckdb.DuckDBPyConnection, storage: Storage, question: _Question
) -> FunnelStep:
    shards = _built_shards(storage, question.asset)
    if not shards:
        return FunnelStep(question.name, question.asset, 0, 0)
    rows = question.rows or question.asset
    count = connection.execute(
        f"SELECT {question.what} FROM {rows} WHERE {question.where}"
    ).fetchall()[0][0]
    lost: list[tuple[str, int]] = []
    if question.lost_where:
        lost = connection.execute(
            f"SELECT {question.reason} AS kind, {question.what} FROM {rows} "
            f"WHERE {question.lost_where} GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
    return FunnelStep(question.name, question.asset, count, shards, dict(lost))


def _built_shards(storage: Storage, asset: str) -> int:
    if asset != DUPLICATES:
        return len(storage.partitions(asset))
    provenance = storage.read_provenance(asset, WHOLE_DATASET)
    return len(shards_of(provenance.input_versions)) if provenance else 0
