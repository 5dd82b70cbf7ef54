"""``face_attributes``: the forty labels of every kept face."""

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.attributes.labelling import label_faces
from facecaption_assets.attributes.registry import announced_attributes
from facecaption_assets.defs.compute import GPU
from facecaption_assets.defs.gates import expectation_gate, gate
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.stage import StageInputs, materialize_shard, shard_asset
from facecaption_assets.quality.attribute_gates import attributes_covered, labels_alike_by_sex
from facecaption_assets.quality.contents import probabilities_vary, states_have_basis
from facecaption_assets.quality.drift import other_prevalence, prevalence_fits, shard_prevalence
from facecaption_assets.quality.failures import faces_annotated
from facecaption_assets.quality.gates import Outcome, rows_conserved_attributes
from facecaption_assets.quality.suites import attribute_expectations
from facecaption_assets.shards.tars import read_pictures


@shard_asset(group="attributes", kinds={"parquet", "pytorch", "onnx"}, compute=GPU)
def face_attributes(context: dg.AssetExecutionContext, dataset: Dataset) -> dg.MaterializeResult:
    """CelebA's forty attributes of every kept face: true, false, or null for unknown.

    Beside each state stands the probability that it came from; both are null where no annotator
    has a basis. A face with too few positive labels keeps its row and goes no further.
    """

    def build(stage: StageInputs) -> pa.Table:
        crops = stage.tables["face_crops"]
        kept = crops.filter(pc.equal(crops["status"], "kept"))
        with stage.storage.open_tar("face_crops", stage.shard) as tar:
            return label_faces(
                kept,
                read_pictures(tar),
                dataset.annotators(),
                dataset.profile.attributes,
                dataset.opt_out,
            )

    return materialize_shard(context, dataset, build)


def _conserved(dataset: Dataset, shard: str) -> Outcome:
    """Every kept face has exactly one row of attributes."""
    storage = dataset.storage
    return rows_conserved_attributes(
        storage.read_table("face_crops", shard), storage.read_table("face_attributes", shard)
    )


def _basis(dataset: Dataset, shard: str) -> Outcome:
    """No attribute has a state without a probability, and the positive ones are counted right."""
    return states_have_basis(dataset.storage.read_table("face_attributes", shard))


def _vary(dataset: Dataset, shard: str) -> Outcome:
    """No annotator gives all faces one probability, but for one that makes all negative."""
    return probabilities_vary(dataset.storage.read_table("face_attributes", shard))


def _annotated(dataset: Dataset, shard: str) -> Outcome:
    """No annotator failed on most of the faces: then it, not the faces, is at fault."""
    return faces_annotated(dataset.storage.read_table("face_attributes", shard))


def _covered(dataset: Dataset, shard: str) -> Outcome:
    """Of every attribute that annotators speak of, enough faces have a state."""
    profile = dataset.profile
    table = dataset.storage.read_table("face_attributes", shard)
    announced = announced_attributes(profile.attributes) - set(profile.quality.only_affirmed)
    return attributes_covered(table, announced, profile.quality.min_coverage)


def _alike(dataset: Dataset, shard: str) -> Outcome:
    """Faces labelled male and not male have about as many positive labels, Male aside."""
    table = dataset.storage.read_table("face_attributes", shard)
    return labels_alike_by_sex(table, dataset.profile.quality.max_label_ratio)


def _near(dataset: Dataset, shard: str) -> Outcome:
    """Every label is about as frequent as in other shards of the source."""
    return _drift(dataset, shard, dataset.profile.quality.drift_warn)


def _not_far(dataset: Dataset, shard: str) -> Outcome:
    """No label is far rarer or more frequent than in other shards of the source."""
    return _drift(dataset, shard, dataset.profile.quality.drift_block)


def _drift(dataset: Dataset, shard: str, limit: float) -> Outcome:
    here = shard_prevalence(dataset.storage, shard)
    return prevalence_fits(here, other_prevalence(dataset.storage, shard), limit)


attributes_covered_gate = gate("face_attributes", "attributes_covered", _covered, blocking=False)
attributes_alike = gate("face_attributes", "labels_alike_by_sex", _alike, blocking=False)
attributes_near = gate("face_attributes", "prevalence_near_others", _near, blocking=False)
attributes_not_far = gate("face_attributes", "prevalence_not_far_out", _not_far)
attributes_annotated = gate("face_attributes", "faces_annotated", _annotated)
attributes_have_basis = gate("face_attributes", "states_have_basis", _basis)
attributes_vary = gate("face_attributes", "probabilities_vary", _vary, blocking=False)
attributes_rows_conserved = gate("face_attributes", "rows_conserved", _conserved)
attributes_well_formed = expectation_gate(
    "face_attributes",
    "labels_well_formed",
    lambda dataset: attribute_expectations(),
    "Great Expectations: probabilities within [0, 1], ids unique, no attributes that exclude "
    "each other.",
)
