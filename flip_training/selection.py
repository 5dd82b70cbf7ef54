"""Candidates of the whole dataset → the captions that a recipe takes, and why not the others.

In DuckDB, in a file of its own, because thresholds and "the rest" are of the whole dataset, which
may be larger than memory. What a candidate is belongs to ``candidates``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import duckdb
import pyarrow as pa

from flip_training.candidates import CANDIDATES, FACE_SCORES, PICTURES, ShardCandidates
from flip_training.inputs import InputUnavailable
from flip_training.recipes import Cut, Recipe, Take
from flip_training.thresholds import Threshold, find_threshold

_COLUMNS: Final = "shard, face_id, key, split_group, crop_sha256, caption, source, caption_index"

#: Statuses of rows whose text ends a sentence already.
_FINISHED: Final = r"[.!?]$"

#: Why a caption without a score of its own is not taken.
_UNSCORED: Final = "'not_scored_' || c.score_status"

_TABLES: Final = {"captions": CANDIDATES, "scores": FACE_SCORES, "pictures": PICTURES}


@dataclass(frozen=True)
class Step:
    """What became of the candidates at one step: rows and faces by outcome; ``taken`` is one."""

    rows: Mapping[str, int]
    faces: Mapping[str, int]


@dataclass(frozen=True)
class Chosen:
    """What a recipe takes.

    Attributes:
        pairs: Chosen texts with their faces, in order of faces, sources and indices; ``source``
            names several where captions were joined.
        excluded: Candidates that are in no pair, by reason.
        num_joined: Candidates that are in a pair with another one before them.
        steps: Outcomes by step.
        thresholds: Those that the recipe's cuts asked for.
    """

    pairs: pa.Table
    excluded: Counter[str]
    num_joined: int
    steps: tuple[Step, ...]
    thresholds: tuple[Threshold, ...]


class Selection:
    """Gathers candidates and chooses among them.

    Args:
        recipe: What is chosen.
        path: File to be made for it; its folder takes what does not fit in memory.
        memory_mb: Memory after which disk is used, MB.
    """

    def __init__(self, recipe: Recipe, path: Path, memory_mb: int = 2048) -> None:
        self._recipe = recipe
        self._connection = duckdb.connect(
            str(path),
            config={"memory_limit": f"{memory_mb}MB", "temp_directory": str(path.parent / "spill")},
        )
        self._execute("CREATE TABLE in_clusters (face_id VARCHAR)")
        self._execute("CREATE TABLE outcomes (ordinal BIGINT, face_id VARCHAR, step INT, why VARCHAR)")
        for name, schema in _TABLES.items():
            empty = schema.empty_table()
            self._connection.register("empty", empty)
            number = "0::BIGINT AS ordinal, " if name == "captions" else ""
            self._execute(f"CREATE TABLE {name} AS SELECT {number}* FROM empty")
            self._connection.unregister("empty")
        self._num_rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def add(self, shard: ShardCandidates) -> None:
        """Add what a shard offers."""
        numbers = pa.array(range(self._num_rows, self._num_rows + shard.captions.num_rows))
        self._num_rows += shard.captions.num_rows
        self._insert("captions", shard.captions.add_column(0, "ordinal", numbers))
        self._insert("scores", shard.scores)
        self._insert("pictures", shard.pictures)

    def add_clustered(self, face_ids: Iterable[str]) -> None:
        """Add faces that look like the target."""
        self._insert("in_clusters", pa.table({"face_id": pa.array(face_ids, pa.string())}))

    def choose(self) -> Chosen:
        """Take the recipe's steps.

        Raises:
            InputUnavailable: If a threshold is of a source that no face has a score of.
        """
        self._execute(
            "CREATE TABLE face_scores AS SELECT face_id, source, max(score) AS score "
            "FROM scores GROUP BY face_id, source"
        )
        thresholds = self._thresholds()
        for number, take in enumerate(self._recipe.takes):
            self._take(number, take, thresholds)
        excluded = self._rows(
            "SELECT why, count(*) FROM (SELECT arg_max(why, step) AS why FROM outcomes "
            "GROUP BY ordinal HAVING NOT bool_or(why = 'taken')) GROUP BY why"
        )
        pairs = pa.concat_tables(self._pairs(n, take) for n, take in enumerate(self._recipe.takes))
        ((num_used,),) = self._rows("SELECT count(*) FROM outcomes WHERE why = 'taken'")
        order = ("face_id", "source", "caption_index")
        return Chosen(
            pairs.sort_by([(column, "ascending") for column in order]),
            Counter(dict(excluded)),
            num_used - pairs.num_rows,
            tuple(self._step(number) for number in range(len(self._recipe.takes))),
            tuple(thresholds.values()),
        )

    def linked_groups(self) -> list[list[str]]:
        """Split groups that share a picture, a crop or a copy of one, as lists of two and more."""
        queries = [
            "SELECT list(DISTINCT split_group ORDER BY split_group) AS groups FROM pictures "
            f"WHERE {column} IS NOT NULL GROUP BY {column} HAVING count(DISTINCT split_group) > 1"
            for column in ("key", "crop_sha256", "picture_sha256", "copies")
        ]
        rows = self._rows(f"SELECT DISTINCT groups FROM ({' UNION ALL '.join(queries)}) ORDER BY 1")
        return [groups for (groups,) in rows]

    def _thresholds(self) -> dict[tuple[str, float], Threshold]:
        found: dict[tuple[str, float], Threshold] = {}
        for cut in (cut for take in self._recipe.takes for cut in take.where):
            if cut.top is None or (cut.ranked, cut.top) in found:
                continue
            threshold = find_threshold(self._connection, cut.ranked, cut.top)
            if threshold is None:
                raise InputUnavailable(
                    f"recipe {self._recipe.name!r}: no usable face has a {self._recipe.score} of a "
                    f"{cut.ranked} caption; materialize image_text_scores with a CLIP"
                )
            found[cut.ranked, cut.top] = threshold
        return found

    def _take(
        self, number: int, take: Take, thresholds: Mapping[tuple[str, float], Threshold]
    ) -> None:
        """Write down what becomes of each caption of the step's sources."""
        reasons = list(_reasons(take, thresholds))
        sources = {cut.score_of for cut in take.where}
        joins = " ".join(
            f"LEFT JOIN face_scores {source}_of ON {source}_of.face_id = c.face_id "
            f"AND {source}_of.source = '{source}'"
            for source in sorted(sources)
        )
        case = f"CASE {' '.join(reasons)} END" if reasons else "NULL"
        self._execute(
            f"CREATE OR REPLACE TEMP TABLE considered AS SELECT c.*, {case} AS why "
            f"FROM captions c {joins} WHERE list_contains($captions, c.source)",
            captions=list(take.captions),
        )
        # Equal texts go before the best are counted, or a repeated one would take a place.
        self._execute(
            "CREATE OR REPLACE TEMP TABLE told AS SELECT * REPLACE (CASE "
            "WHEN why IS NOT NULL THEN why "
            "WHEN EXISTS (FROM outcomes o JOIN captions t USING (ordinal) WHERE o.why = 'taken' "
            "  AND t.face_id = considered.face_id AND t.caption = considered.caption) "
            "  OR row_number() OVER (PARTITION BY face_id, caption, why IS NULL "
            "  ORDER BY source_order, caption_index) > 1 THEN 'same_caption' END AS why) "
            "FROM considered"
        )
        ranking = "ORDER BY score DESC NULLS LAST, source_order, caption_index"
        most, part = (1, "face_id, source") if take.joined else (take.best, "face_id")
        late = (
            f"WHEN row_number() OVER (PARTITION BY {part}, why IS NULL {ranking}) > {most} "
            "THEN 'not_best' "
            if most
            else ""
        )
        self._execute(
            f"INSERT INTO outcomes SELECT ordinal, face_id, {number}, "
            f"CASE WHEN why IS NOT NULL THEN why {late}ELSE 'taken' END FROM told"
        )

    def _pairs(self, number: int, take: Take) -> pa.Table:
        taken = (
            f"SELECT c.* FROM captions c JOIN outcomes o USING (ordinal) "
            f"WHERE o.step = {number} AND o.why = 'taken'"
        )
        if not take.joined:
            return self._table(f"SELECT {_COLUMNS} FROM ({taken})")
        text = "trim(caption)"
        finished = f"{text} || CASE WHEN regexp_matches({text}, '{_FINISHED}') THEN '' ELSE '.' END"
        alike = ", ".join(
            f"any_value({name}) AS {name}"
            for name in ("shard", "key", "split_group", "crop_sha256")
        )
        return self._table(
            f"SELECT {_COLUMNS} FROM (SELECT face_id, {alike}, "
            f"string_agg({finished}, ' ' ORDER BY source_order) AS caption, "
            "string_agg(source, '+' ORDER BY source_order) AS source, "
            f"arg_min(caption_index, source_order) AS caption_index FROM ({taken}) "
            "GROUP BY face_id)"
        )

    def _step(self, number: int) -> Step:
        rows = self._rows(
            "SELECT why, count(*), count(DISTINCT face_id) FROM outcomes "
            f"WHERE step = {number} GROUP BY why ORDER BY why"
        )
        return Step({why: n for why, n, _ in rows}, {why: n for why, _, n in rows})

    def _insert(self, table: str, rows: pa.Table) -> None:
        self._connection.register("arriving", rows)
        self._execute(f"INSERT INTO {table} SELECT * FROM arriving")
        self._connection.unregister("arriving")

    def _table(self, query: str) -> pa.Table:
        return self._connection.sql(query).to_arrow_table()

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return list(self._connection.execute(query).fetchall())

    def _execute(self, query: str, **named: Any) -> None:
        self._connection.execute(query, named)


def _reasons(
    take: Take, thresholds: Mapping[tuple[str, float], Threshold]
) -> Iterable[str]:
    """Branches of a CASE that give the first reason why a caption ``c`` is not taken."""
    if take.faces == "rest":
        earlier = "SELECT face_id FROM outcomes WHERE why = 'taken'"
        yield f"WHEN c.face_id IN ({earlier}) THEN 'taken_before'"
    if take.in_clusters:
        yield "WHEN c.face_id NOT IN (SELECT face_id FROM in_clusters) THEN 'outside_clusters'"
    for cut in take.where:
        score = f"CASE WHEN c.source = '{cut.score_of}' THEN c.score ELSE {cut.score_of}_of.score END"
        yield f"WHEN c.source = '{cut.score_of}' AND c.score IS NULL THEN {_UNSCORED}"
        yield f"WHEN ({score}) IS NULL THEN 'not_scored'"
        yield f"WHEN ({score}) < {_least(cut, thresholds)!r}::DOUBLE THEN 'below_threshold'"
    if take.best:
        yield f"WHEN c.score IS NULL THEN {_UNSCORED}"


def _least(cut: Cut, thresholds: Mapping[tuple[str, float], Threshold]) -> float:
    return cut.at_least if cut.at_least is not None else thresholds[cut.ranked, cut.top].value
