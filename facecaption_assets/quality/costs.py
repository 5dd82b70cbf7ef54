"""What the dataset has cost so far: time by stage, and tokens by caption style.

Read from what is there: a shard that was built again counts with its last build only, and shards
that were built before times were recorded are said to be without.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
from tqdm import tqdm

from facecaption_assets.schema import TABLES
from facecaption_assets.storage import Storage


@dataclass(frozen=True)
class StageTime:
    """How long the present partitions of a table took to build.

    Attributes:
        asset: The table.
        partitions: Built partitions.
        measured: Those whose time is known.
        rows: Rows of those.
        wall_s: Their time, s, one after the other.
        cpu_s: Processor time of their processes, s; of a model behind an endpoint there is none.
    """

    asset: str
    partitions: int
    measured: int
    rows: int
    wall_s: float
    cpu_s: float

    @property
    def ms_per_row(self) -> float:
        """Time per row, ms; 0 where nothing was measured."""
        return 1000 * self.wall_s / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class StyleTokens:
    """What captions of one style took to rewrite.

    Attributes:
        style: What the model was asked for.
        captions: Captions of that style.
        rewritten: Those that are the model's.
        requests: Answered requests.
        prompt_tokens: Tokens sent.
        completion_tokens: Tokens received.
    """

    style: str
    captions: int
    rewritten: int
    requests: int
    prompt_tokens: int
    completion_tokens: int

    @property
    def tokens_per_rewritten(self) -> float | None:
        """Tokens, sent and received, per caption that is the model's; None without one."""
        total = self.prompt_tokens + self.completion_tokens
        return total / self.rewritten if self.rewritten else None


@dataclass(frozen=True)
class Costs:
    """Time and tokens.

    Attributes:
        stages: Tables with a measured partition, in the order in which data flows.
        styles: Styles of rewritten captions, most captions first.
    """

    stages: list[StageTime]
    styles: list[StyleTokens]


def count_costs(connection: duckdb.DuckDBPyConnection, storage: Storage) -> Costs:
    """Costs of every committed shard."""
    stages = [
        _stage_time(storage, a) for a in tqdm(TABLES, "read times", disable=None, leave=False)
    ]
    return Costs([stage for stage in stages if stage.measured], _style_tokens(connection))


def _stage_time(storage: Storage, asset: str) -> StageTime:
    built = [storage.require_built(asset, partition) for partition in storage.partitions(asset)]
    timed = [provenance for provenance in built if provenance.wall_s is not None]
    return StageTime(
        asset=asset,
        partitions=len(built),
        measured=len(timed),
        rows=sum(provenance.rows for provenance in timed),
        wall_s=sum(provenance.wall_s or 0.0 for provenance in timed),
        cpu_s=sum(provenance.cpu_s or 0.0 for provenance in timed),
    )


def _style_tokens(connection: duckdb.DuckDBPyConnection) -> list[StyleTokens]:
    rows = connection.execute(
        "SELECT style, count(*), count(*) FILTER (status IN ('accepted', 'repaired')), "
        "sum(num_attempts)::BIGINT, sum(prompt_tokens)::BIGINT, sum(completion_tokens)::BIGINT "
        "FROM llm_captions WHERE status <> 'opted_out' GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    return [StyleTokens(*row) for row in rows]
