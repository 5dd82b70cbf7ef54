"""``duplicate_faces``: faces that are shown again in copies of their picture, over all shards."""

import dagster as dg

from facecaption_assets.defs.compute import CPU
from facecaption_assets.defs.gates import gate
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.stage import table_metadata, written
from facecaption_assets.quality.duplicate_gates import (
    copies_have_a_kept_face,
    rows_conserved_duplicates,
)
from facecaption_assets.quality.duplicate_inputs import INPUTS
from facecaption_assets.quality.duplicates import SearchOutOfMemory, build_duplicates
from facecaption_assets.quality.gates import Outcome
from facecaption_assets.schema import DUPLICATE_FACES


@dg.asset(
    deps=[dg.AssetKey(name) for name in INPUTS],
    group_name="faces",
    kinds={"parquet", "duckdb"},
    owners=["team:dataset"],
    metadata=table_metadata(DUPLICATE_FACES),
    tags=CPU["tags"],
)
def duplicate_faces(context: dg.AssetExecutionContext, dataset: Dataset) -> dg.MaterializeResult:
    """The same face in copies of one picture, in groups of which the best face is kept.

    Copies are equal bytes, or pictures whose perceptual hashes are near with the face at the same
    place: they tell the same picture, never the same person. Reads every built shard. It turns
    stale when a shard changes and is rebuilt by hand or by schedule, not once per shard. Training
    leaves the faces out that are not kept.
    """
    version = dataset.code_versions["duplicate_faces"]
    try:
        provenance = build_duplicates(dataset.storage, dataset.profile.duplicates, version)
    except SearchOutOfMemory as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
    return written(dataset.storage, provenance)


def _conserved(dataset: Dataset, partition: str) -> Outcome:
    """Kept faces of all searched shards = faces that stay + faces that are dropped."""
    return rows_conserved_duplicates(dataset.storage)


def _kept_near(dataset: Dataset, partition: str) -> Outcome:
    """Every dropped face has one kept face, at most the set distance away."""
    return copies_have_a_kept_face(dataset.storage, dataset.profile.duplicates)


duplicates_rows_conserved = gate("duplicate_faces", "rows_conserved", _conserved, partitions=None)
duplicates_have_a_kept_face = gate(
    "duplicate_faces", "copies_have_a_kept_face", _kept_near, partitions=None
)
