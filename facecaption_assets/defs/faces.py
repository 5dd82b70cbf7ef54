"""``face_crops``: the faces of a shard's pictures."""

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.defs.compute import GPU
from facecaption_assets.defs.gates import expectation_gate, gate
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.stage import StageInputs, materialize_shard, shard_asset
from facecaption_assets.faces.face_crops import build_face_crops
from facecaption_assets.faces.finding import DetectorFinder, FaceFinder
from facecaption_assets.faces.published_detections import PublishedDetections
from facecaption_assets.quality.contents import boxes_inside_image
from facecaption_assets.quality.gates import Outcome, rows_conserved_crops
from facecaption_assets.quality.sharpness_drift import sharpness_drift
from facecaption_assets.quality.suites import face_expectations
from facecaption_assets.shards.laion_detections import ASSET as DETECTIONS
from facecaption_assets.shards.sources import SourceError, split_shard_key
from facecaption_assets.shards.tars import read_pictures

#: The lineage, and no more: a part of detections that is built makes no shard stale. Which part a
#: shard has read, if the setting asks for it, is in its provenance.
_FROM_LAION_FACE = dg.AssetDep(
    DETECTIONS, partition_mapping=dg.SpecificPartitionsPartitionMapping([])
)


@shard_asset(
    group="faces",
    kinds={"parquet", "webdataset", "pytorch"},
    compute=GPU,
    also_after=[_FROM_LAION_FACE],
)
def face_crops(context: dg.AssetExecutionContext, dataset: Dataset) -> dg.MaterializeResult:
    """Aligned crops in a WebDataset tar, and a row for every detected face, kept or dropped.

    A picture without a face has one row that says so. Faces are those of the detector, or, where
    the setting ``[faces] detections`` says so, those that LAION-Face's authors published. Crops
    keep their own resolution; boxes and landmarks are in pixels of the upright original, and
    ``crop_matrix`` maps one to the other.
    """

    def build(stage: StageInputs) -> pa.Table:
        raw = stage.tables["raw_shards"]
        fetched = raw.filter(pc.equal(raw["status"], "success"))
        with stage.storage.open_tar("raw_shards", stage.shard) as tar:
            return build_face_crops(
                fetched,
                read_pictures(tar),
                _finder(dataset, stage.shard, fetched),
                dataset.profile.faces,
                dataset.opt_out,
                stage.tar_path,
            )

    def published() -> list[tuple[str, str]]:
        wanted = dataset.profile.faces.are_published
        return [(DETECTIONS, _part_of(dataset, context.partition_key))] if wanted else []

    return materialize_shard(context, dataset, build, also_reads=published)


def _finder(dataset: Dataset, shard: str, fetched: pa.Table) -> FaceFinder:
    if dataset.profile.faces.are_published:
        part = _part_of(dataset, shard)
        return PublishedDetections.of_shard(dataset.storage, part, fetched)
    return DetectorFinder(dataset.detector(), dataset.profile.faces.oversampling)


def _part_of(dataset: Dataset, shard: str) -> str:
    part = dataset.laion_part_of(shard)
    if part is None:
        source, _ = split_shard_key(shard)
        raise SourceError(
            f"the setting [faces] detections is {dataset.profile.faces.detections!r}, but source "
            f"{source} is no part of LAION-Face: nobody has published its faces; set it to "
            "'detector'"
        )
    return part


def _conserved(dataset: Dataset, shard: str) -> Outcome:
    """Every fetched picture has a row per face, or one row that says why it has none."""
    storage = dataset.storage
    return rows_conserved_crops(
        storage.read_table("raw_shards", shard), storage.read_table("face_crops", shard)
    )


def _boxes_inside(dataset: Dataset, shard: str) -> Outcome:
    """Every box has an area and lies in its picture, in pixels and in shares alike."""
    return boxes_inside_image(dataset.storage.read_table("face_crops", shard))


def _sharp_as_others(dataset: Dataset, shard: str) -> Outcome:
    """Faces are about as sharp as in other shards of the source."""
    return sharpness_drift(dataset.storage, shard, dataset.profile.quality.sharpness_warn)


def _not_blurred(dataset: Dataset, shard: str) -> Outcome:
    """Faces are not far more blurred than in other shards of the source."""
    limit = dataset.profile.quality.sharpness_block
    return sharpness_drift(dataset.storage, shard, limit, may_be_sharper=True)


crops_sharp_as_others = gate(
    "face_crops", "sharpness_near_others", _sharp_as_others, blocking=False
)
crops_not_blurred = gate("face_crops", "faces_not_blurred", _not_blurred)
crops_rows_conserved = gate("face_crops", "rows_conserved", _conserved)
crops_boxes_inside = gate("face_crops", "boxes_inside_image", _boxes_inside)
crops_evidence_in_range = expectation_gate(
    "face_crops",
    "evidence_in_range",
    lambda dataset: face_expectations(),
    "Great Expectations: scores and shares within [0, 1], angles within their range.",
)
