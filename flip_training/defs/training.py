"""``training_sets`` and ``flip_checkpoints``: a recipe's pairs, and the FLIP trained on them."""

import dagster as dg

from flip_training.defs.compute import CPU_TAGS, GPU_OP_TAGS, GPU_POOL, GPU_TAGS
from flip_training.defs.current import current
from flip_training.defs.partitions import recipes
from flip_training.defs.processes import run_module
from flip_training.defs.resources import Trainer
from flip_training.defs.tables import table_metadata
from flip_training.opt_out import OptOutError
from flip_training.recipes import recipe
from flip_training.storage import GateFailed, PartitionMissing, Provenance
from flip_training.training_sets import build_training_set

#: Assets of the other code location that are read. Every recipe reads every shard.
DATASET = [
    dg.AssetDep(dg.AssetKey(name), partition_mapping=dg.AllPartitionMapping())
    for name in ("face_crops", "template_captions", "llm_captions")
] + [dg.AssetDep(dg.AssetKey("duplicate_faces"))]


def built(
    trainer: Trainer, provenance: Provenance | None, numbers: dict[str, float]
) -> dg.MaterializeResult:
    """The result of a committed partition: version, rows, numbers and where it lies."""
    if provenance is None:
        raise dg.Failure("the process ended well but committed nothing", allow_retries=False)
    path = trainer.storage.table_path(provenance.asset, provenance.partition)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(provenance.data_version),
        metadata={
            "dagster/row_count": provenance.rows,
            **provenance.counts,
            **numbers,
            "table": dg.MetadataValue.path(str(path)),
        },
    )


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


@dg.asset(
    partitions_def=recipes,
    deps=[training_sets],
    group_name="flip",
    kinds={"pytorch", "parquet"},
    owners=["team:training"],
    metadata=table_metadata("flip_checkpoints"),
    pool=GPU_POOL,
    op_tags=GPU_OP_TAGS,
    tags=GPU_TAGS,
)
def flip_checkpoints(context: dg.AssetExecutionContext, trainer: Trainer) -> dg.MaterializeResult:
    """A FLIP trained on a recipe's train split, as a folder, and its history as a table.

    Trained with image-text contrast and matching, from scratch or from the preset's weights; the
    last step's weights are kept, so nothing is chosen on held-out pairs.
    """
    name, storage = context.partition_key, trainer.storage
    if current(context, trainer) is None:
        run_module("flip_training.train", ["--recipe", name, *trainer.arguments], context.log.info)
    last = storage.read_table("flip_checkpoints", name).to_pylist()[-1]
    model = {"model": dg.MetadataValue.path(str(storage.model_path(name)))}
    return built(trainer, storage.read_provenance("flip_checkpoints", name), last | model)
