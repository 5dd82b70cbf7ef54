"""What every shard-level asset does around its stage function, in one place.

Require the inputs (built, gates passed), skip what is already current, call the stage, commit,
and say what was written. A stage gives a function from its inputs to its table.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.defs.compute import CPU
from facecaption_assets.defs.conditions import rebuild_slice
from facecaption_assets.defs.partitions import shards
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.freshness import SHARD_INPUTS, Freshness
from facecaption_assets.memory import OutOfMemory
from facecaption_assets.models import ModelUnavailable
from facecaption_assets.provenance import Provenance
from facecaption_assets.rewriting.answering import BudgetSpent
from facecaption_assets.rewriting.cache import CacheUnusable
from facecaption_assets.rewriting.client import EndpointUnavailable
from facecaption_assets.schema import TABLES, Table
from facecaption_assets.shards.opt_out import count_left_out
from facecaption_assets.shards.pictures import PictureUnreadable
from facecaption_assets.shards.sources import SourceError
from facecaption_assets.storage import GateFailed, PartitionMissing, Storage

#: Runs with this tag leave partitions alone that are current; a run without it (a click on
#: Materialize) builds again whatever it is asked for.
SKIP_CURRENT_TAG: Final = "facecaption/skip_current"

#: With this tag as well, a shard that is current is asked again for URLs worth another try.
RETRY_TAG: Final = "facecaption/retry_failed_downloads"

#: Errors whose message is all that a user needs; they end the step without a traceback.
_EXPECTED_ERRORS: Final = (
    PartitionMissing,
    GateFailed,
    ModelUnavailable,
    EndpointUnavailable,
    BudgetSpent,
    CacheUnusable,
    SourceError,
    PictureUnreadable,
    OutOfMemory,
)


@dataclass(frozen=True)
class StageInputs:
    """What a stage function is given.

    Attributes:
        shard: Partition key.
        storage: Data root, for tars of the inputs.
        tables: Whole tables of the inputs, by asset.
        folder: Local folder for files under construction; ``pixels.tar`` in it is committed.
    """

    shard: str
    storage: Storage
    tables: Mapping[str, pa.Table]
    folder: Path

    @property
    def tar_path(self) -> Path:
        """Where a stage with pixels writes them."""
        return self.folder / "pixels.tar"


class _Clock:
    """Time since it was made, s."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    @property
    def wall_s(self) -> float:
        return round(time.perf_counter() - self._wall, 3)

    @property
    def cpu_s(self) -> float:
        """Over all threads of the process."""
        return round(time.process_time() - self._cpu, 3)


def shard_asset(
    *,
    group: str,
    kinds: set[str],
    compute: Mapping[str, Any] = CPU,
    also_after: Sequence[dg.AssetDep] = (),
) -> Callable[[Callable[..., dg.MaterializeResult]], dg.AssetsDefinition]:
    """Decorator of a shard-level asset whose name is a table of the schema.

    Its inputs follow from ``SHARD_INPUTS``, its columns from ``schema``, its description from the
    function's docstring; the code version is set in ``definitions``.

    Args:
        group: The asset's group.
        kinds: Its kinds.
        compute: What it needs to run, from ``compute``.
        also_after: Dependencies beyond the shard's own tables.
    """

    def decorate(function: Callable[..., dg.MaterializeResult]) -> dg.AssetsDefinition:
        table = TABLES[function.__name__]
        make: Callable[[Callable[..., dg.MaterializeResult]], dg.AssetsDefinition] = dg.asset(
            partitions_def=shards,
            deps=[*(dg.AssetKey(name) for name in SHARD_INPUTS[function.__name__]), *also_after],
            group_name=group,
            kinds=kinds,
            owners=["team:dataset"],
            automation_condition=rebuild_slice,
            metadata=table_metadata(table),
            **compute,
        )
        return make(function)

    return decorate


def materialize_shard(
    context: dg.AssetExecutionContext,
    dataset: Dataset,
    build: Callable[[StageInputs], pa.Table],
    also_reads: Callable[[], Sequence[tuple[str, str]]] = tuple,
    has_more: Callable[[], bool] = lambda: False,
) -> dg.MaterializeResult:
    """Build one partition of the context's asset and commit it.

    Args:
        context: Says which.
        dataset: Where it is.
        build: Makes the table.
        also_reads: Gives assets and partitions that are read beyond the shard's own tables.
        has_more: Whether building a partition that is current may still add to it.

    Raises:
        dagster.Failure: If an input is missing or failed its gate, or a model or source is
            unavailable; nothing is written then.
    """
    asset, shard = context.asset_key.to_user_string(), context.partition_key
    storage, clock = dataset.storage, _Clock()
    try:
        provenance = _current(context, dataset, asset, shard)
        if provenance is not None and not has_more():
            context.log.debug(f"{asset} of {shard} is current; nothing to do")
            return written(storage, provenance, was_current=True)
        places = [*((name, shard) for name in SHARD_INPUTS[asset]), *also_reads()]
        versions = {f"{a}/{p}": storage.require(a, p).data_version for a, p in places}
        with storage.staging(asset, shard) as folder:
            tables = {name: storage.read_table(name, shard) for name in SHARD_INPUTS[asset]}
            stage = StageInputs(shard, storage, tables, folder)
            table = build(stage)
            provenance = storage.commit(
                table,
                Provenance(
                    asset=asset,
                    partition=shard,
                    code_version=dataset.code_versions[asset],
                    input_versions=versions,
                    counts=_counts(table),
                    wall_s=clock.wall_s,
                    cpu_s=clock.cpu_s,
                ),
                stage.tar_path if stage.tar_path.exists() else None,
            )
    except _EXPECTED_ERRORS as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
    return written(storage, provenance, was_current=False)


def _current(
    context: dg.AssetExecutionContext, dataset: Dataset, asset: str, shard: str
) -> Provenance | None:
    if context.run.tags.get(SKIP_CURRENT_TAG) != "true":
        return None
    provenance = dataset.storage.read_provenance(asset, shard)
    if provenance is None or dataset.storage.failed_gates(asset, shard):
        return None
    freshness = Freshness(dataset.storage, dataset.code_versions, {}, dataset.opt_out)
    return None if freshness.why_stale(provenance) else provenance


def _counts(table: pa.Table) -> dict[str, int]:
    """Rows by status, by reason, by opt-out entry; labels that two annotators deny."""
    counts: dict[str, int] = {}
    for column in ("status", "drop_reason", "rejection_reason"):
        if column in table.column_names:
            for entry in pc.value_counts(table[column].drop_null()).to_pylist():
                # Reasons may carry a detail behind a colon; the detail is for the row.
                name = entry["values"].partition(":")[0]
                counts[name] = counts.get(name, 0) + entry["counts"]
    if "error_message" in table.column_names:
        counts |= count_left_out(table["error_message"].to_pylist())
    if "disagreements" in table.column_names:
        lengths = pc.list_value_length(table["disagreements"])
        counts["disagreements"] = pc.sum(lengths).as_py() or 0
    return counts


def written(storage: Storage, provenance: Provenance, **more: Any) -> dg.MaterializeResult:
    """What the UI is told of a committed partition; ``more`` is further metadata."""
    metadata: dict[str, Any] = {
        "dagster/row_count": provenance.rows,
        "dagster/uri": str(storage.table_path(provenance.asset, provenance.partition)),
        **more,
        **dict(provenance.counts),
    }
    return dg.MaterializeResult(
        metadata=metadata, data_version=dg.DataVersion(provenance.data_version)
    )


def table_metadata(table: Table) -> dict[str, Any]:
    """Definition metadata of an asset that is a table."""
    return {"dagster/column_schema": column_schema(table), "one row means": table.row}


def column_schema(table: Table) -> dg.TableSchema:
    """A table's columns as the UI shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=str(column.type),
                description=column.meaning,
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in table.columns
        ]
    )
