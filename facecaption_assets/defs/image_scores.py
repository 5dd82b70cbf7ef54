"""``image_scores``: how good a picture every kept face's crop is."""

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.defs.compute import GPU
from facecaption_assets.defs.gates import expectation_gate, gate
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.stage import StageInputs, materialize_shard, shard_asset
from facecaption_assets.quality.gates import Outcome, rows_conserved_scores
from facecaption_assets.quality.image_scoring.gates import (
    brisque_fits,
    brisque_spread,
    clip_available,
    crops_scored,
    median_brisque_low,
    other_brisque_spread,
)
from facecaption_assets.quality.image_scoring.scoring import score_crops
from facecaption_assets.quality.suites import image_score_expectations
from facecaption_assets.shards.tars import read_pictures


@shard_asset(group="quality", kinds={"parquet", "opencv", "pytorch"}, compute=GPU)
def image_scores(context: dg.AssetExecutionContext, dataset: Dataset) -> dg.MaterializeResult:
    """BRISQUE of every kept face's crop, and CLIP-IQA where a CLIP is configured.

    No face is dropped for its scores. CLIP-IQA is off in a profile without `[image_scores]
    clip_model`, such as `embedded`; the check `clip_iqa_available` warns.
    """

    def build(stage: StageInputs) -> pa.Table:
        crops = stage.tables["face_crops"]
        kept = crops.filter(pc.equal(crops["status"], "kept"))
        with stage.storage.open_tar("face_crops", stage.shard) as tar:
            return score_crops(
                kept,
                read_pictures(tar),
                dataset.image_scorers(),
                dataset.profile.image_scores,
                dataset.opt_out,
            )

    return materialize_shard(context, dataset, build)


def _conserved(dataset: Dataset, shard: str) -> Outcome:
    """Every kept face has exactly one row of scores."""
    storage = dataset.storage
    return rows_conserved_scores(
        storage.read_table("face_crops", shard), storage.read_table("image_scores", shard)
    )


def _scored(dataset: Dataset, shard: str) -> Outcome:
    """Most crops could be scored: where not, the scorers, not the crops, are at fault."""
    return crops_scored(dataset.storage.read_table("image_scores", shard))


def _low(dataset: Dataset, shard: str) -> Outcome:
    """Half of the faces or more score no worse than `max_median_brisque`."""
    limit = dataset.profile.image_scores.max_median_brisque
    return median_brisque_low(dataset.storage.read_table("image_scores", shard), limit)


def _near(dataset: Dataset, shard: str) -> Outcome:
    """The mean BRISQUE is about that of other shards of the source."""
    here = brisque_spread([dataset.storage.read_table("image_scores", shard)])
    others = other_brisque_spread(dataset.storage, shard)
    return brisque_fits(here, others, dataset.profile.image_scores.drift_warn)


def _available(dataset: Dataset, shard: str) -> Outcome:
    """A CLIP is configured; without one, no face has a CLIP-IQA."""
    return clip_available(dataset.storage.read_table("image_scores", shard))


scores_clip_available = gate("image_scores", "clip_iqa_available", _available, blocking=False)
scores_median_low = gate("image_scores", "median_brisque_low", _low)
scores_near = gate("image_scores", "brisque_near_others", _near, blocking=False)
scores_given = gate("image_scores", "crops_scored", _scored)
scores_rows_conserved = gate("image_scores", "rows_conserved", _conserved)
scores_in_range = expectation_gate(
    "image_scores",
    "scores_in_range",
    lambda dataset: image_score_expectations(),
    "Great Expectations: ids unique, scores within what the measures can give.",
)
