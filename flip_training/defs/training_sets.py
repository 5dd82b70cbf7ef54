"""``training_sets``: the pairs of a recipe."""

import dagster as dg

from flip_training.defs.compute import CPU_TAGS
from flip_training.defs.current import current
from flip_training.defs.partitions import recipes
from flip_training.defs.resources import Trainer
from flip_training.defs.results import built
from flip_training.defs.tables import table_metadata
from flip_training.pairs.funnel import funnel_markdown
from flip_training.pairs.inputs import NOT_BUILDABLE
from flip_training.pairs.recipe_files import find_recipe
from flip_training.pairs.training_sets import build_training_set

#: Assets of the other code location that most recipes read, of every shard.
_ALL = [
    dg.AssetDep(dg.AssetKey(name), partition_mapping=dg.AllPartitionMapping())
    for name in ("face_crops", "template_captions", "llm_captions")
]

#: Assets that some recipes read. Dagster has one list of edges for all partitions, so an edge that
#: follows partitions would show every recipe as stale for tables that most of them never read. What
#: a recipe does read is compared by ``freshness``, on which ``flip status`` and the schedule rely.
_SOME = [
    dg.AssetDep(dg.AssetKey(name), partition_mapping=dg.SpecificPartitionsPartitionMapping([]))
    for name in ("raw_shards", "synthetic_captions", "image_text_scores")
]

DATASET = [*_ALL, *_SOME, dg.AssetDep(dg.AssetKey("duplicate_faces"))]


@dg.asset(
    partitions_def=recipes,
    deps=DATASET,
    group_name="flip",
    kinds={"parquet", "duckdb"},
    owners=["team:training"],
    metadata=table_metadata("training_sets"),
    tags=CPU_TAGS,
)
def training_sets(context: dg.AssetExecutionContext, trainer: Trainer) -> dg.MaterializeResult:
    """The (face, caption) pairs of a recipe, split so that no person is on both sides.

    Taken are captions that the recipe's steps choose, of faces with a crop that nobody has opted
    out, that is no copy of a better one and in no benchmark; the rest is counted by reason, and so
    are shards that have not been searched for copies. Shards that are incomplete or failed a gate
    are left out. Beside the table lie the uids of the faces to train on, in DataComp's format.
    """
    chosen = find_recipe(trainer.storage, context.partition_key)
    try:
        done = current(context, trainer) or build_training_set(trainer.storage, chosen)
    except NOT_BUILDABLE as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
    result = built(trainer, done, {})
    shown = {
        "funnel": dg.MetadataValue.md(funnel_markdown(done.counts, chosen)),
        "uids": dg.MetadataValue.path(str(trainer.storage.uids_path(chosen.name))),
    }
    return result._replace(metadata={**(result.metadata or {}), **shown})
