"""``shard_plan`` and ``raw_shards``: what a shard consists of, and its pictures."""

import dagster as dg
import pyarrow as pa

from facecaption_assets.defs.gates import gate
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.stage import RETRY_TAG, StageInputs, materialize_shard, shard_asset
from facecaption_assets.quality.gates import (
    Outcome,
    enough_pictures,
    rows_conserved_plan,
    rows_conserved_raw,
)
from facecaption_assets.shards.downloading.retrying import retryable_rows
from facecaption_assets.shards.downloading.spool import discard_spool
from facecaption_assets.shards.fetching import fetch_shard
from facecaption_assets.shards.planning import is_downloadable, plan_shard
from facecaption_assets.shards.registration import registered_names

#: The lineage, and no more: a part that is built makes no shard stale and none is rebuilt for it.
#: Which part a shard was planned from is in its provenance, which ``freshness`` goes by.
_FROM_LAION_FACE = dg.AssetDep(
    "laion_face_metadata", partition_mapping=dg.SpecificPartitionsPartitionMapping([])
)


@shard_asset(group="sources", kinds={"parquet"}, also_after=[_FROM_LAION_FACE])
def shard_plan(context: dg.AssetExecutionContext, dataset: Dataset) -> dg.MaterializeResult:
    """Where each picture of the shard is, its alt-text and its side-car.

    One row per picture that was registered for the shard; rows are never added, removed or
    renumbered, so a picture keeps its key for ever.
    """

    def build(stage: StageInputs) -> pa.Table:
        names = registered_names(stage.storage, stage.shard)
        return plan_shard(stage.shard, names, dataset.pictures_of(stage.shard), dataset.opt_out)

    def part() -> list[tuple[str, str]]:
        key = dataset.laion_part_of(context.partition_key)
        return [("laion_face_metadata", key)] if key is not None else []

    return materialize_shard(context, dataset, build, also_reads=part)


@shard_asset(group="images", kinds={"parquet", "webdataset"})
def raw_shards(context: dg.AssetExecutionContext, dataset: Dataset) -> dg.MaterializeResult:
    """The shard's pictures as found, in a WebDataset tar, and a ledger row for every planned one.

    A picture that cannot be used has a row that says why. Formats are told by content; sizes are
    judged in the header, before any pixel is decoded. Pictures behind http(s) URLs are downloaded;
    materializing such a shard again asks only for those that are worth another try.
    """

    def build(stage: StageInputs) -> pa.Table:
        if is_downloadable(stage.tables["shard_plan"]):
            return _download(context, dataset, stage)
        return fetch_shard(
            stage.tables["shard_plan"],
            dataset.pictures_of(stage.shard),
            dataset.profile.shards,
            dataset.opt_out,
            stage.tar_path,
        )

    def has_more() -> bool:
        profile, version = dataset.profile, dataset.code_versions["raw_shards"]
        shard = context.partition_key
        return context.run.tags.get(RETRY_TAG) == "true" and bool(
            retryable_rows(dataset.storage, shard, profile.downloading, version).num_rows
        )

    result = materialize_shard(context, dataset, build, has_more=has_more)
    discard_spool(dataset.storage.download_spool(context.partition_key))
    return result


def _download(context: dg.AssetExecutionContext, dataset: Dataset, stage: StageInputs) -> pa.Table:
    # The HTTP client is heavy, and only this needs it.
    from facecaption_assets.shards.downloading.download_shard import download_shard
    from facecaption_assets.shards.downloading.judging import Judge
    from facecaption_assets.shards.downloading.resuming import earlier_shard

    profile = dataset.profile
    return download_shard(
        stage.tables["shard_plan"],
        Judge(profile.downloading, profile.shards.max_pixels, dataset.opt_out),
        stage.tar_path,
        stage.storage.download_spool(stage.shard),
        earlier_shard(stage.storage, stage.shard, dataset.code_versions["raw_shards"]),
        tell=context.log.info,
    )


def _plan_conserved(dataset: Dataset, shard: str) -> Outcome:
    """One row for every picture that was registered for the shard, numbered without a gap."""
    plan = dataset.storage.read_table("shard_plan", shard)
    registered = len(registered_names(dataset.storage, shard))
    if plan.num_rows != registered:
        return Outcome(
            False,
            f"{registered} pictures are registered, {plan.num_rows} are planned.",
            {"rows_in": registered, "rows_out": plan.num_rows},
        )
    return rows_conserved_plan(plan, shard)


def _urls_distinct(dataset: Dataset, shard: str) -> Outcome:
    """No picture is planned twice in the shard."""
    urls = dataset.storage.read_table("shard_plan", shard, ["url"])["url"]
    repeated = len(urls) - len(urls.unique())
    return Outcome(not repeated, f"{repeated} URLs occur more than once.", {"repeated": repeated})


def _raw_conserved(dataset: Dataset, shard: str) -> Outcome:
    """Every planned picture has exactly one row in the ledger, fetched or not."""
    storage = dataset.storage
    return rows_conserved_raw(
        storage.read_table("shard_plan", shard), storage.read_table("raw_shards", shard)
    )


def _enough_pictures(dataset: Dataset, shard: str) -> Outcome:
    """At least the share ``shards.min_success_share`` of the planned pictures was fetched."""
    raw = dataset.storage.read_table("raw_shards", shard)
    return enough_pictures(raw, dataset.profile.shards.min_success_share)


plan_rows_conserved = gate("shard_plan", "rows_conserved", _plan_conserved)
plan_urls_distinct = gate("shard_plan", "urls_distinct", _urls_distinct)
raw_rows_conserved = gate("raw_shards", "rows_conserved", _raw_conserved)
raw_enough_pictures = gate("raw_shards", "enough_pictures", _enough_pictures)
