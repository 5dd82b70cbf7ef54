"""Candidates of the whole dataset → the captions that a recipe takes, and why not the others.

In DuckDB, which goes to disk where memory does not suffice, because thresholds and "the rest" are
of the whole dataset. What a candidate is belongs to ``candidates``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import duckdb
import pyarrow as pa

from flip_training.pairs.candidates import CANDIDATES, FACE_SCORES, PICTURES, ShardCandidates
from flip_training.pairs.inputs import InputUnavailable
from flip_training.pairs.recipes import Recipe, Take
from flip_training.pairs.step_queries import considered, outcomes, pairs, without_repeats
from flip_training.pairs.thresholds import Threshold, find_threshold

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
        folder: Takes what does not fit in memory.
        memory_mb: Memory after which disk is used, MB.
    """

    def __init__(self, recipe: Recipe, folder: Path, memory_mb: int = 2048) -> None:
        self._recipe = recipe
        self._connection = duckdb.connect(
            config={"memory_limit": f"{memory_mb}MB", "temp_directory": str(folder)}
        )
        self._execute("CREATE TABLE in_clusters (face_id VARCHAR)")
        self._execute(
            "CREATE TABLE outcomes (ordinal BIGINT, face_id VARCHAR, step INT, why VARCHAR)"
        )
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
        texts = self._pairs()
        ((num_used,),) = self._rows("SELECT count(*) FROM outcomes WHERE why = 'taken'")
        return Chosen(
            texts,
            Counter(dict(excluded)),
            num_used - texts.num_rows,
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
                    f"no usable face has a {self._recipe.score} of a {cut.ranked} caption; "
                    f"materialize image_text_scores with a CLIP"
                )
            found[cut.ranked, cut.top] = threshold
        return found

    def _take(
        self, number: int, take: Take, thresholds: Mapping[tuple[str, float], Threshold]
    ) -> None:
        """Write down what becomes of each caption of the step's sources."""
        self._execute(
            f"CREATE OR REPLACE TEMP TABLE considered AS {considered(take, thresholds)}",
            captions=list(take.captions),
        )
        self._execute(f"CREATE OR REPLACE TEMP TABLE told AS {without_repeats()}")
        self._execute(f"INSERT INTO outcomes {outcomes(number, take)}")

    def _pairs(self) -> pa.Table:
        """Texts of all steps, ordered here: Arrow cannot sort strings of more than 2 GiB."""
        steps = (pairs(number, take) for number, take in enumerate(self._recipe.takes))
        query = f"{' UNION ALL '.join(steps)} ORDER BY face_id, source, caption_index"
        return self._connection.sql(query).to_arrow_table()

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

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return list(self._connection.execute(query).fetchall())

    def _execute(self, query: str, **named: Any) -> None:
        self._connection.execute(query, named)
