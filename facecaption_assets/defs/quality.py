"""``shard_quality`` and ``quality_report``: what was built, in numbers and to look at."""

import dagster as dg
import pyarrow as pa

from facecaption_assets.defs.compute import CPU
from facecaption_assets.defs.gates import gate
from facecaption_assets.defs.report_links import report_link
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.stage import StageInputs, materialize_shard, shard_asset
from facecaption_assets.freshness import dataset_versions
from facecaption_assets.provenance import Provenance, stage_hash
from facecaption_assets.quality.duplicate_inputs import ASSET as DUPLICATES
from facecaption_assets.quality.gates import Outcome
from facecaption_assets.quality.report import build_report
from facecaption_assets.quality.statistics import (
    counts_match,
    shard_statistics,
    statistics_are_numbers,
)
from facecaption_assets.schema import RETRIEVAL_ASSET, TABLES


@shard_asset(group="quality", kinds={"parquet", "duckdb"})
def shard_quality(context: dg.AssetExecutionContext, dataset: Dataset) -> dg.MaterializeResult:
    """The shard's statistics: rows by status and reason at every stage, words, n-grams, labels."""

    def build(stage: StageInputs) -> pa.Table:
        return shard_statistics(stage.tables)

    return materialize_shard(context, dataset, build)


@dg.asset(
    deps=[dg.AssetKey(name) for name in ("shard_quality", DUPLICATES, RETRIEVAL_ASSET)],
    group_name="quality",
    kinds={"html"},
    owners=["team:dataset"],
    tags=CPU["tags"],
)
def quality_report(context: dg.AssetExecutionContext, dataset: Dataset) -> dg.MaterializeResult:
    """The dataset's report and gallery as HTML, and the same numbers as JSON.

    Reads every built shard. It turns stale when a shard changes and is rebuilt by hand or by
    schedule, not once per shard. Faces stay in the data root; the event log gets links and plots of
    numbers only.
    """
    storage = dataset.storage
    # Shards that a gate holds back have no ``shard_quality``; the funnel and link rot count them.
    versions = dataset_versions(storage, storage.partitions("shard_plan"), "quality_report")
    profile = dataset.profile
    written = build_report(
        storage, profile.quality, profile.downloading, profile.texts, dataset.models
    )
    code_version = dataset.code_versions["quality_report"]
    read = stage_hash(code_version, sorted(versions.items()))
    storage.write_report_provenance(
        Provenance("quality_report", "", code_version, versions, data_version=read)
    )
    links = {
        name: dg.MetadataValue.url(report_link(path.name))
        for name, path in (("report", written.report), ("gallery", written.gallery))
    }
    files = {"folder": dg.MetadataValue.path(str(storage.reports))}
    plots = {f"plot_{title}": dg.MetadataValue.md(plot) for title, plot in written.plots.items()}
    return dg.MaterializeResult(
        metadata={**links, **files, **plots, "faces_shown": written.faces_shown}
    )


def _conserved(dataset: Dataset, shard: str) -> Outcome:
    """The counts by status add up to the rows of every table of the shard."""
    storage = dataset.storage
    rows = {
        asset: provenance.rows
        for asset in TABLES
        if asset != "shard_quality"
        and (provenance := storage.read_provenance(asset, shard)) is not None
    }
    return counts_match(storage.read_table("shard_quality", shard), rows)


def _numbers(dataset: Dataset, shard: str) -> Outcome:
    """Every statistic is a finite number, and none but of BRISQUE is negative."""
    return statistics_are_numbers(dataset.storage.read_table("shard_quality", shard))


quality_rows_conserved = gate("shard_quality", "rows_conserved", _conserved)
quality_are_numbers = gate("shard_quality", "statistics_are_numbers", _numbers)
