"""Registered sources and shards, and their state, as automation and command line see them."""

from collections.abc import Sequence
from functools import cache

import dagster as dg

from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.stages import STAGES
from facecaption_assets.freshness import PART_ASSET, SHARD_INPUTS, Freshness
from facecaption_assets.models import ModelUnavailable
from facecaption_assets.shards.folder import PictureFolder
from facecaption_assets.shards.import_files import Imported
from facecaption_assets.shards.laion_detections import ASSET as DETECTIONS
from facecaption_assets.shards.laion_part import LaionPart
from facecaption_assets.shards.opening import open_source
from facecaption_assets.shards.pictures import PictureSource
from facecaption_assets.shards.registration import (
    listed_version,
    mark_listed,
    register_shards,
    registered_shards,
    unregistered_names,
)
from facecaption_assets.shards.sources import SourceError, read_source, source_names


def registered_keys(dataset: Dataset) -> list[str]:
    """Keys of all shards of all sources."""
    storage = dataset.storage
    return [key for name in source_names(storage) for key in registered_shards(storage, name)]


def register_settled_sources(dataset: Dataset, *, quiet_s: float) -> list[str]:
    """Deal new pictures of every source into new shards, unattended.

    Args:
        dataset: Where the sources are.
        quiet_s: A folder into which files arrived within this time is left for later, seconds: a
            shard never grows, so a copy in progress would leave many small ones.

    Returns:
        One line per source that was left alone although it may have new pictures.
    """
    waiting = []
    for name in source_names(dataset.storage):
        try:
            if reason := register_source(dataset, name, quiet_s):
                waiting.append(reason)
        except (SourceError, ModelUnavailable) as error:
            waiting.append(str(error))
    return waiting


def register_source(dataset: Dataset, name: str, quiet_s: float = 0.0) -> str:
    """Deal a source's new pictures into new shards; return why not, if it is to wait.

    Raises:
        SourceError: If the source is not registered or its pictures are not there.
        ModelUnavailable: If the sample's archive cannot be had.
    """
    source = read_source(dataset.storage, name)
    pictures = open_source(source, dataset.models, dataset.storage)
    version = _listing_version(pictures)
    # Millions of names are compared only when their files have changed since they last were.
    if version is not None and version == listed_version(dataset.storage, name):
        return ""
    if quiet_s and not _is_settled(dataset, name, pictures, quiet_s):
        return f"source {name}: pictures are still arriving"
    register_shards(dataset.storage, source, pictures, dataset.profile.shards.rows_per_shard)
    if version is not None:
        mark_listed(dataset.storage, name, version)
    return ""


def _listing_version(pictures: PictureSource) -> str | None:
    """What changes when there may be new pictures; None where only listing them tells."""
    if isinstance(pictures, LaionPart):
        return pictures.version
    return pictures.files.version if isinstance(pictures, Imported) else None


def _is_settled(dataset: Dataset, name: str, pictures: PictureSource, quiet_s: float) -> bool:
    if isinstance(pictures, PictureFolder):
        new = unregistered_names(dataset.storage, name, pictures)
        return pictures.is_settled(new, quiet_s)
    return not isinstance(pictures, Imported) or pictures.files.is_settled(quiet_s)


def laion_parts_of(dataset: Dataset, names: Sequence[str]) -> list[str]:
    """Parts of LAION-Face that the named sources come from, sorted.

    Raises:
        SourceError: If a source is not registered.
    """
    parts = {read_source(dataset.storage, name).part for name in names}
    return sorted(part for part in parts if part is not None)


def laion_jobs(dataset: Dataset) -> dict[str, str]:
    """Jobs for what shards read of LAION-Face's parts under the profile, by asset."""
    jobs = {PART_ASSET: "build_laion_parts"}
    if dataset.profile.faces.are_published:
        jobs[DETECTIONS] = "build_laion_detections"
    return jobs


@cache
def gate_names() -> dict[str, frozenset[str]]:
    """Names of the checks of every asset that has any, from the definitions."""
    names: dict[str, set[str]] = {asset: set() for asset in SHARD_INPUTS}
    for definition in dg.load_asset_checks_from_modules(STAGES):
        for key in definition.check_keys:
            names.setdefault(key.asset_key.to_user_string(), set()).add(key.name)
    return {asset: frozenset(checks) for asset, checks in names.items()}


def freshness(dataset: Dataset) -> Freshness:
    """The judge of what is missing, stale, failed or done."""
    return Freshness(dataset.storage, dataset.code_versions, gate_names(), dataset.opt_out)


def unknown_keys(instance: dg.DagsterInstance, keys: list[str]) -> list[str]:
    """Those of the shards' keys that the instance does not know yet, in order."""
    known = set(instance.get_dynamic_partitions("shards"))
    return [key for key in keys if key not in known]


def add_partitions(instance: dg.DagsterInstance, keys: list[str]) -> None:
    """Make the instance know the shards' keys."""
    if new := unknown_keys(instance, keys):
        instance.add_dynamic_partitions("shards", new)
