"""``flip_retrieval``: how well a recipe's FLIP finds captions by face and faces by caption."""

from typing import Any

import dagster as dg

from flip_training.defs.compute import GPU_OP_TAGS, GPU_POOL, GPU_TAGS
from flip_training.defs.current import current
from flip_training.defs.partitions import recipes
from flip_training.defs.processes import run_module
from flip_training.defs.resources import Trainer
from flip_training.defs.results import built
from flip_training.defs.tables import table_metadata
from flip_training.defs.training import flip_checkpoints
from flip_training.defs.training_sets import training_sets
from flip_training.evaluation.retrieval_report import area_rows, as_markdown
from flip_training.evaluation.retrieval_summary import mean_recalls, recipes_markdown


@dg.asset(
    partitions_def=recipes,
    deps=[flip_checkpoints, training_sets],
    group_name="evaluation",
    kinds={"pytorch", "parquet"},
    owners=["team:training"],
    metadata=table_metadata("flip_retrieval"),
    pool=GPU_POOL,
    op_tags=GPU_OP_TAGS,
    tags=GPU_TAGS,
)
def flip_retrieval(context: dg.AssetExecutionContext, trainer: Trainer) -> dg.MaterializeResult:
    """Recall, rank and AUC on held-out people, with 95 % intervals and what chance would reach.

    Measured by similarity (itc) and after re-ranking the best by the matching head (itm). Equal
    captions count as one candidate. Of a large split, a fixed sample of faces is measured.
    "all recipes" shows this recipe beside those that were evaluated before it.
    """
    name, storage = context.partition_key, trainer.storage
    if current(context, trainer) is None:
        arguments = ["--recipe", name, *trainer.arguments]
        run_module("flip_training.evaluate", arguments, context.log.info)
    table = storage.read_table("flip_retrieval", name)
    told: dict[str, float | dg.MetadataValue[Any]] = {}
    for score, (value, chance) in mean_recalls(table, "test").items():
        told |= {f"mean_recall_{score}": value, f"mean_recall_{score}_chance": chance}
    for row in area_rows(table.to_pylist(), "test"):
        told |= {f"auc_{row['score']}": row["value"], f"auc_{row['score']}_low": row["value_low"]}
    told["retrieval"] = dg.MetadataValue.md(as_markdown(table.to_pylist()))
    told["all recipes"] = dg.MetadataValue.md(recipes_markdown(storage))
    return built(trainer, storage.read_provenance("flip_retrieval", name), told)
