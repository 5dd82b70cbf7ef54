"""``training_sets``: the pairs of a recipe."""

import dagster as dg

from flip_training.defs.compute import CPU_TAGS
from flip_training.defs.current import current
from flip_training.defs.partitions import recipes
from flip_training.defs.resources import Trainer
from flip_training.defs.results import built
from flip_training.defs.tables import table_metadata
from flip_training.opt_out import OptOutError
from flip_training.recipes import recipe
from flip_training.storage import GateFailed, PartitionMissing
from flip_training.training_sets import build_training_set

#: Assets of the other code location that are read. Every recipe reads every shard.
DATASET = [
    dg.AssetDep(dg.AssetKey(name), partition_mapping=dg.AllPartitionMapping())
    for name in ("face_crops", "template_captions", "llm_captions")
] + [dg.AssetDep(dg.AssetKey("duplicate_faces"))]


@dg.asset(
    partitions_def=recipes,
    deps=DATASET,
    group_name="flip",
    kinds={"parquet"},
    owners=["team:training"],
    metadata=table_metadata("training_sets"),
    tags=CPU_TAGS,
)
def training_sets(context: dg.AssetExecutionContext, trainer: Trainer) -> dg.MaterializeResult:
    """The (face, caption) pairs of a recipe, split so that no person is on both sides.

    Taken are captions that are usable, of faces with a crop that nobody has opted out and that is
    no copy of a better one; the rest is counted by reason, and so are shards that have not been
    searched for copies. Shards that are incomplete or failed a gate are left out.
    """
    try:
        done = current(context, trainer) or build_training_set(
            trainer.storage, recipe(context.partition_key)
        )
    except (PartitionMissing, GateFailed, OptOutError) as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
    return built(trainer, done, {})
