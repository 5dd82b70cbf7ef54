"""``synthetic_captions``: what an image captioner says of every kept face."""

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.captions.captioners.captioning import caption_crops
from facecaption_assets.defs.compute import GPU
from facecaption_assets.defs.gates import expectation_gate, gate
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.stage import StageInputs, materialize_shard, shard_asset
from facecaption_assets.quality.failures import captioner_available, faces_captioned
from facecaption_assets.quality.gates import Outcome, rows_conserved_synthetic
from facecaption_assets.quality.suites import synthetic_caption_expectations
from facecaption_assets.shards.tars import read_pictures


@shard_asset(group="captions", kinds={"parquet", "pytorch", "huggingface"}, compute=GPU)
def synthetic_captions(context: dg.AssetExecutionContext, dataset: Dataset) -> dg.MaterializeResult:
    """Captions that BLIP, BLIP-2 or CoCa draws of every kept face, the best chosen by CLIP.

    Nobody verifies them: they are kept apart from the captions that are made from labels. Off in
    a profile without `[captioners] model`, such as `embedded`: every row is then `unavailable`, and
    the check `captioner_available` warns.
    """

    def build(stage: StageInputs) -> pa.Table:
        crops = stage.tables["face_crops"]
        kept = crops.filter(pc.equal(crops["status"], "kept"))
        with stage.storage.open_tar("face_crops", stage.shard) as tar:
            return caption_crops(
                kept,
                read_pictures(tar),
                dataset.best_of(),
                dataset.profile.captioners,
                dataset.opt_out,
            )

    return materialize_shard(context, dataset, build)


def _conserved(dataset: Dataset, shard: str) -> Outcome:
    """Every kept face has a row for each caption that was to be drawn of it."""
    storage = dataset.storage
    return rows_conserved_synthetic(
        storage.read_table("face_crops", shard),
        storage.read_table("synthetic_captions", shard),
        dataset.profile.captioners.drawn,
    )


def _captioned(dataset: Dataset, shard: str) -> Outcome:
    """The captioner did not fail on most of the faces: then it, not the faces, is at fault."""
    return faces_captioned(dataset.storage.read_table("synthetic_captions", shard))


def _available(dataset: Dataset, shard: str) -> Outcome:
    """An image captioner is configured; without one, every row is `unavailable`."""
    return captioner_available(dataset.storage.read_table("synthetic_captions", shard))


synthetic_available = gate("synthetic_captions", "captioner_available", _available, blocking=False)
synthetic_captioned = gate("synthetic_captions", "faces_captioned", _captioned)
synthetic_rows_conserved = gate("synthetic_captions", "rows_conserved", _conserved)
synthetic_well_formed = expectation_gate(
    "synthetic_captions",
    "captions_well_formed",
    lambda dataset: synthetic_caption_expectations(),
    "Great Expectations: ids unique, sensible length, one line, no markup and no links.",
)
