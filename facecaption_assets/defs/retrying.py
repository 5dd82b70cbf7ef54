"""Another try for failed downloads over many shards, for ``facecaption retry-failed``.

Which URLs are worth it belongs to ``shards.downloading.retrying``; how a shard is downloaded
again, to ``shards``.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.defs.building import Failure, build_whole_dataset, retry_shard
from facecaption_assets.defs.registry import add_partitions
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.shards.downloading.retrying import retryable_rows
from facecaption_assets.shards.registration import registered_shards
from facecaption_assets.shards.sources import read_source, source_names

_COLUMNS: Final = ["key", "status", "error_class"]

#: Where a run may end before the new ledger is committed.
_NOT_ASKED: Final = ("raw_shards", "the run")


@dataclass(frozen=True)
class Waiting:
    """The URLs of a shard that are worth another try.

    Attributes:
        shard: Partition key.
        planned: Pictures of the shard.
        classes: How many URLs are worth another try, by error class.
    """

    shard: str
    planned: int
    classes: Counter[str]

    def __str__(self) -> str:
        total = self.classes.total()
        return f"{self.shard}: {total:,} of {self.planned:,} ({_by_class(self.classes)})"


@dataclass(frozen=True)
class Retry:
    """What another try of a shard gave.

    Attributes:
        shard: Partition key.
        tried: URLs that were worth it; none where the run ended before its ledger was written.
        recovered: Those that gave a picture now.
        still_failing: The others, by what is said of them now.
        failures: Why the shard was not built to its end; empty if it was.
        seconds: Time it took.
    """

    shard: str
    tried: int
    recovered: int
    still_failing: Counter[str]
    failures: list[Failure]
    seconds: float

    def __str__(self) -> str:
        return f"{self.shard} in {self.seconds:.0f} s: {_sum_up([self])}"


def shards_of(dataset: Dataset, sources: Sequence[str]) -> list[str]:
    """Shards of the named sources, or of all; nothing new is registered.

    Raises:
        SourceError: If a source is not registered.
    """
    names = list(sources) or source_names(dataset.storage)
    for name in names:
        read_source(dataset.storage, name)
    return [key for name in names for key in registered_shards(dataset.storage, name)]


def waiting_in(dataset: Dataset, shards: Iterable[str]) -> list[Waiting]:
    """Those of the given shards that have URLs worth another try."""
    settings, version = dataset.profile.downloading, dataset.code_versions["raw_shards"]
    found = []
    for shard in shards:
        rows = retryable_rows(dataset.storage, shard, settings, version)
        if rows.num_rows:
            planned = dataset.storage.require_built("raw_shards", shard).rows
            found.append(Waiting(shard, planned, _classes(rows)))
    return found


def _classes(rows: pa.Table) -> Counter[str]:
    """Rows by error class; by status where a row has none."""
    return Counter(pc.coalesce(rows["error_class"], rows["status"]).to_pylist())


def announce(waiting: Sequence[Waiting], shards: int) -> str:
    """One line: how many URLs of how many shards are worth another try."""
    urls = sum(shard.classes.total() for shard in waiting)
    of = "1 shard" if shards == 1 else f"{shards:,} shards"
    if not urls:
        return f"No URL of {of} is worth another try"
    verb = "URL is" if urls == 1 else "URLs are"
    return f"{urls:,} {verb} worth another try, in {len(waiting):,} of {of}"


def summarize(retries: Sequence[Retry]) -> str:
    """One line over all shards, with what is said of the URLs that are still failing."""
    still = sum((retried.still_failing for retried in retries), Counter[str]())
    return f"{_sum_up(retries)}{f' ({_by_class(still)})' if still else ''}"


def _sum_up(retries: Sequence[Retry]) -> str:
    tried = sum(retried.tried for retried in retries)
    recovered = sum(retried.recovered for retried in retries)
    still = sum(retried.still_failing.total() for retried in retries)
    return f"{tried:,} tried, {recovered:,} recovered, {still:,} still failing"


def _by_class(classes: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in classes.most_common())


def retry(
    definitions: dg.Definitions,
    dataset: Dataset,
    instance: dg.DagsterInstance,
    waiting: Sequence[Waiting],
    tell: Callable[[Retry], None],
) -> tuple[list[Retry], list[Failure]]:
    """Ask once more for the URLs of shards, one shard after the other, then build the report.

    Args:
        definitions: The code location.
        dataset: Its dataset.
        instance: Where runs and events are kept.
        waiting: Shards and their URLs, from ``waiting_in``.
        tell: Called after each shard.

    Returns:
        What each shard gave, and why shards or the report were not built.
    """
    add_partitions(instance, [shard.shard for shard in waiting])
    retries = []
    for shard in waiting:
        done = _retry_shard(definitions, dataset, instance, shard.shard)
        tell(done)
        retries.append(done)
    failures = [failure for done in retries for failure in done.failures]
    return retries, failures + build_whole_dataset(definitions, dataset, instance)


def _retry_shard(
    definitions: dg.Definitions, dataset: Dataset, instance: dg.DagsterInstance, shard: str
) -> Retry:
    started = time.monotonic()
    settings, version = dataset.profile.downloading, dataset.code_versions["raw_shards"]
    before = retryable_rows(dataset.storage, shard, settings, version)
    failures = retry_shard(definitions, dataset, instance, shard)
    seconds = time.monotonic() - started
    if any(failure.check is None and failure.asset in _NOT_ASKED for failure in failures):
        return Retry(shard, 0, 0, _classes(before), failures, seconds)
    ledger = dataset.storage.read_table("raw_shards", shard, _COLUMNS)
    after = ledger.filter(pc.is_in(ledger["key"], value_set=before["key"]))
    still = _classes(after.filter(pc.not_equal(after["status"], "success")))
    tried = before.num_rows
    return Retry(shard, tried, tried - still.total(), still, failures, seconds)
