"""Which partitions are missing, stale, failed or done, told from the files alone.

The same question that the Dagster UI answers from its event log, answered from the provenance in
each parquet file: so the command line, the nightly schedule and a skipped stage agree, and a data
root that was copied to another machine keeps its state.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from facecaption_assets.provenance import Provenance
from facecaption_assets.quality import duplicate_inputs
from facecaption_assets.quality.reviewing.review_score import score_version
from facecaption_assets.schema import PART_TABLES, RETRIEVAL_ASSET, WHOLE_DATASET
from facecaption_assets.shards.laion_inputs import changed_file
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.shards.opt_out_effect import why_outdated
from facecaption_assets.storage import Storage

#: Shard-level assets in the order in which data flows, with what each one reads.
SHARD_INPUTS: Final[Mapping[str, tuple[str, ...]]] = {
    "shard_plan": (),
    "raw_shards": ("shard_plan",),
    "face_crops": ("raw_shards",),
    "image_scores": ("face_crops",),
    "face_attributes": ("face_crops",),
    "template_captions": ("face_attributes",),
    "synthetic_captions": ("face_crops",),
    "llm_captions": ("template_captions", "face_attributes"),
    "image_text_scores": (
        "raw_shards",
        "face_crops",
        "template_captions",
        "synthetic_captions",
        "llm_captions",
    ),
    "shard_quality": (
        "shard_plan",
        "raw_shards",
        "face_crops",
        "image_scores",
        "face_attributes",
        "template_captions",
        "synthetic_captions",
        "llm_captions",
        "image_text_scores",
    ),
}

#: Reports over the whole dataset, with what each one reads of every shard.
REPORT_INPUTS: Final[Mapping[str, tuple[str, ...]]] = {
    "attribute_evaluation": ("raw_shards", "face_crops", "face_attributes"),
    "quality_report": tuple(SHARD_INPUTS),
}

#: What shards of LAION-Face are planned from, partitioned by part.
PART_ASSET: Final = "laion_face_metadata"


class State(StrEnum):
    """State of one partition of one asset."""

    DONE = "done"
    STALE = "stale"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True)
class PartitionState:
    """State of one partition of one asset, and why it is not done."""

    asset: str
    partition: str
    state: State
    reason: str = ""


@dataclass(frozen=True)
class Freshness:
    """Judges partitions of a data root against present code versions, checks and opt-outs.

    Attributes:
        storage: Data root.
        code_versions: Present code version of every asset.
        gates: Names of the checks of every asset; a partition is done only when each has spoken
            of the data that is there, and none that blocks has failed.
        opt_out: Present opt-out list.
    """

    storage: Storage
    code_versions: Mapping[str, str]
    gates: Mapping[str, frozenset[str]]
    opt_out: OptOut

    def shard_states(self, shard: str) -> list[PartitionState]:
        """States of all shard-level assets of a shard, in the order in which data flows."""
        return [self.state(asset, shard) for asset in SHARD_INPUTS]

    def is_done(self, shard: str) -> bool:
        """Whether every shard-level asset of a shard is done."""
        return all(state.state is State.DONE for state in self.shard_states(shard))

    def state(self, asset: str, shard: str) -> PartitionState:
        """State of a partition of a shard-level asset, of LAION-Face's parts, or of duplicates."""
        provenance = self.storage.read_provenance(asset, shard)
        if provenance is None:
            return PartitionState(asset, shard, State.MISSING, "not built")
        if reason := self.why_stale(provenance):
            return PartitionState(asset, shard, State.STALE, reason)
        verdicts = {v.check: v for v in self.storage.read_verdicts(asset, shard)}
        failed = [v for v in verdicts.values() if v.blocking and not v.passed]
        if failed:
            reason = "; ".join(f"{v.check}: {v.reason}" for v in failed)
            return PartitionState(asset, shard, State.FAILED, reason)
        if unchecked := sorted(self.gates.get(asset, frozenset()) - verdicts.keys()):
            return PartitionState(asset, shard, State.STALE, f"not checked: {', '.join(unchecked)}")
        return PartitionState(asset, shard, State.DONE)

    def why_stale(self, provenance: Provenance) -> str:
        """Why a committed partition no longer holds; empty if it does."""
        asset = provenance.asset
        if provenance.code_version != self.code_versions[asset]:
            return "settings or code changed"
        if asset == duplicate_inputs.ASSET:
            searched = duplicate_inputs.searched_versions(self.storage)
            return "" if provenance.input_versions == searched else "shards changed"
        if reason := self._changed_input(provenance):
            return reason
        if asset in PART_TABLES and (file := changed_file(provenance)):
            return f"{file} changed"
        return why_outdated(self.storage, self.opt_out, provenance)

    def _changed_input(self, provenance: Provenance) -> str:
        """Which table that the partition was made from is another one now; empty if none is."""
        for upstream in SHARD_INPUTS.get(provenance.asset, ()):
            if self._has_changed(provenance, upstream, provenance.partition):
                return f"{upstream} changed"
        for place in provenance.input_versions:
            upstream, _, part = place.rpartition("/")
            if upstream in PART_TABLES and self._has_changed(provenance, upstream, part):
                return f"{upstream} of part {part} changed"
            # Settings may have a stage read more of its own shard than all of its kind do.
            if upstream in SHARD_INPUTS and self._has_changed(provenance, upstream, part):
                return f"{upstream} changed"
        return ""

    def _has_changed(self, provenance: Provenance, upstream: str, partition: str) -> bool:
        present = self.storage.read_provenance(upstream, partition)
        read = provenance.input_versions.get(f"{upstream}/{partition}")
        return present is None or present.data_version != read

    def whole_dataset_state(self, asset: str, shards: Iterable[str]) -> PartitionState:
        """State of an unpartitioned asset that reads tables of the given shards."""
        provenance = self.storage.read_report_provenance(asset)
        if provenance is None:
            return PartitionState(asset, "", State.MISSING, "not built")
        if provenance.code_version != self.code_versions[asset]:
            return PartitionState(asset, "", State.STALE, "settings or code changed")
        present = dataset_versions(self.storage, shards, asset)
        if provenance.input_versions != present:
            reason = _what_changed(provenance.input_versions, present)
            return PartitionState(asset, "", State.STALE, reason)
        if failed := self.storage.failed_gates(asset, WHOLE_DATASET):
            reason = "; ".join(f"{v.check}: {v.reason}" for v in failed)
            return PartitionState(asset, "", State.FAILED, reason)
        return PartitionState(asset, "", State.DONE)


def _what_changed(read: Mapping[str, str], present: Mapping[str, str]) -> str:
    """Names the assets of the partitions that are others now, and the review of captions."""
    changed = {place for place, _ in {*read.items()} ^ {*present.items()}}
    names = sorted({place.partition("/")[0] for place in changed})
    return f"{', '.join(names)} changed"


def dataset_versions(storage: Storage, shards: Iterable[str], asset: str) -> dict[str, str]:
    """Data versions of everything that an unpartitioned asset reads, by ``asset/partition``."""
    places = [(read, shard) for shard in shards for read in REPORT_INPUTS[asset]]
    if asset == "quality_report":
        places.append((duplicate_inputs.ASSET, WHOLE_DATASET))
        places += [(RETRIEVAL_ASSET, recipe) for recipe in storage.partitions(RETRIEVAL_ASSET)]
    versions = {
        f"{read}/{partition}": provenance.data_version
        for read, partition in places
        if (provenance := storage.read_provenance(read, partition)) is not None
    }
    if asset == "quality_report" and (scored := score_version(storage)):
        versions["review"] = scored
    return versions
