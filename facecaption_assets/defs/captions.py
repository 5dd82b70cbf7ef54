"""``template_captions``: sentences that the grammar draws from the labels."""

import dagster as dg
import pyarrow as pa

from facecaption_assets.captions.generation import caption_faces
from facecaption_assets.defs.gates import expectation_gate, gate
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.stage import StageInputs, materialize_shard, shard_asset
from facecaption_assets.quality.gates import Outcome, rows_conserved_templates
from facecaption_assets.quality.readback import captions_name_attributes
from facecaption_assets.quality.suites import caption_expectations


@shard_asset(group="captions", kinds={"parquet"})
def template_captions(context: dg.AssetExecutionContext, dataset: Dataset) -> dg.MaterializeResult:
    """Captions of every labelled face from a probabilistic grammar, seeded by the face.

    A caption names exactly the positive attributes in its ``attributes`` column; the same face and
    grammar always give the same caption.
    """

    def build(stage: StageInputs) -> pa.Table:
        return caption_faces(
            stage.tables["face_attributes"], dataset.profile.captions, dataset.opt_out
        )

    return materialize_shard(context, dataset, build)


def _conserved(dataset: Dataset, shard: str) -> Outcome:
    """Every labelled face has its captions, or rows that say why it has none."""
    storage = dataset.storage
    return rows_conserved_templates(
        storage.read_table("face_attributes", shard),
        storage.read_table("template_captions", shard),
        dataset.profile.captions.captions_per_face,
    )


def _named(dataset: Dataset, shard: str) -> Outcome:
    """Each caption, read back, names exactly its attributes; "he" or "she" only if known."""
    storage = dataset.storage
    return captions_name_attributes(
        storage.read_table("template_captions", shard),
        storage.read_table("face_attributes", shard),
    )


templates_name_attributes = gate("template_captions", "captions_name_attributes", _named)
templates_rows_conserved = gate("template_captions", "rows_conserved", _conserved)
templates_well_formed = expectation_gate(
    "template_captions",
    "captions_well_formed",
    lambda dataset: caption_expectations(),
    "Great Expectations: whole sentences, sensible length, no negations, no stray markup.",
)
