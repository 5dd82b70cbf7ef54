"""``flip_checkpoints``: the FLIP trained on a recipe's pairs."""

import dagster as dg

from flip_training.defs.compute import GPU_OP_TAGS, GPU_POOL, GPU_TAGS
from flip_training.defs.current import current
from flip_training.defs.partitions import recipes
from flip_training.defs.processes import run_module
from flip_training.defs.resources import Trainer
from flip_training.defs.results import built
from flip_training.defs.tables import table_metadata
from flip_training.defs.training_rows import curves, observing, row_metadata
from flip_training.defs.training_sets import training_sets


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

    Trained with image-text contrast and matching, from scratch or from the preset's weights, by one
    process per GPU; the last step's weights are kept, so nothing is chosen on held-out pairs. While
    it trains, losses, learning rate, temperature and speed are observed, and curves are in
    ``flip_logs`` for TensorBoard.
    """
    name, storage = context.partition_key, trainer.storage
    if current(context, trainer) is None:
        arguments = ["--recipe", name, *trainer.arguments, "--processes", trainer.processes]
        with observing(context) as observer:

            def pass_on(line: str) -> None:
                context.log.info(line)
                observer.look()

            run_module("flip_training.train", arguments, pass_on, observer.environment)
    rows = storage.read_table("flip_checkpoints", name).to_pylist()
    shown = {
        **row_metadata(rows[-1]),
        "model": dg.MetadataValue.path(str(storage.model_path(name))),
        "curves": curves(rows),
    }
    return built(trainer, storage.read_provenance("flip_checkpoints", name), shown)
