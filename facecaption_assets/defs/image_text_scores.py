"""``image_text_scores``: how well every caption fits its face and its picture, by CLIP."""

import dagster as dg
import pyarrow as pa

from facecaption_assets.defs.compute import GPU
from facecaption_assets.defs.gates import expectation_gate, gate
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.stage import StageInputs, materialize_shard, shard_asset
from facecaption_assets.quality import score_gates
from facecaption_assets.quality.failures import captions_scored, scores_available
from facecaption_assets.quality.gates import Outcome
from facecaption_assets.quality.scores.scoring import score_shard
from facecaption_assets.quality.scores.texts import TEXT_TABLES
from facecaption_assets.quality.suites import score_expectations
from facecaption_assets.shards.tars import read_pictures


@shard_asset(group="quality", kinds={"parquet", "pytorch", "huggingface"}, compute=GPU)
def image_text_scores(context: dg.AssetExecutionContext, dataset: Dataset) -> dg.MaterializeResult:
    """Cosine and CLIP-S of every caption with its face's crop and with the whole picture.

    Of the web's text, the grammar's, the rewritten and the captioner's captions alike. The two
    scores are of two models, `[scores] cosine_model` and `clip_s_model`. Off where both are
    empty, as in `embedded`: every row is then `unavailable`, and the check `scores_available`
    warns. No embedding is stored.
    """

    def build(stage: StageInputs) -> pa.Table:
        with (
            stage.storage.open_tar("face_crops", stage.shard) as crops,
            stage.storage.open_tar("raw_shards", stage.shard) as pictures,
        ):
            return score_shard(
                stage.tables,
                {"crop": read_pictures(crops), "picture": read_pictures(pictures)},
                dataset.measures(),
                dataset.profile.scores,
                dataset.opt_out,
            )

    return materialize_shard(context, dataset, build)


def _scores(dataset: Dataset, shard: str) -> pa.Table:
    return dataset.storage.read_table("image_text_scores", shard)


def _conserved(dataset: Dataset, shard: str) -> Outcome:
    """Every kept caption of a kept face, from whatever source, has exactly one row."""
    tables = {name: dataset.storage.read_table(name, shard) for name in TEXT_TABLES}
    return score_gates.rows_conserved_scores(tables, _scores(dataset, shard))


def _available(dataset: Dataset, shard: str) -> Outcome:
    """A CLIP is configured; without one, every row is `unavailable`."""
    return scores_available(_scores(dataset, shard))


def _scored(dataset: Dataset, shard: str) -> Outcome:
    """The CLIP did not fail on most of the captions: then it, not the captions, is at fault."""
    return captions_scored(_scores(dataset, shard))


def _complete(dataset: Dataset, shard: str) -> Outcome:
    """A scored row has all scores of each model that it names; another row has none."""
    return score_gates.scores_complete(_scores(dataset, shard))


def _fit(dataset: Dataset, shard: str) -> Outcome:
    """Captions fit their own face better than the next face's captions do."""
    return score_gates.captions_fit_faces(_scores(dataset, shard))


def _agree(dataset: Dataset, shard: str) -> Outcome:
    """No source's scores are far lower than in other shards, as swapped captions' would be."""
    storage = dataset.storage
    here = score_gates.shard_levels(storage, shard)
    others = score_gates.other_levels(storage, shard)
    return score_gates.scores_agree(here, others, dataset.profile.quality.max_score_drop)


scores_have_a_model = gate("image_text_scores", "scores_available", _available, blocking=False)
scores_fit = gate("image_text_scores", "captions_fit_faces", _fit, blocking=False)
scores_agree = gate("image_text_scores", "scores_agree", _agree)
scores_scored = gate("image_text_scores", "captions_scored", _scored)
scores_complete = gate("image_text_scores", "scores_complete", _complete)
scores_rows_conserved = gate("image_text_scores", "rows_conserved", _conserved)
scores_well_formed = expectation_gate(
    "image_text_scores",
    "scores_well_formed",
    lambda dataset: score_expectations(),
    "Great Expectations: ids unique, cosines within [-1, 1], CLIP-S within [0, 2.5].",
)
