"""``face_crops``: the faces of a shard's pictures."""

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.defs.compute import GPU
from facecaption_assets.defs.gates import gate
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.stage import StageInputs, materialize_shard, shard_asset
from facecaption_assets.faces.face_crops import build_face_crops
from facecaption_assets.quality.contents import boxes_inside_image
from facecaption_assets.quality.gates import Outcome, rows_conserved_crops
from facecaption_assets.shards.tars import read_pictures


@shard_asset(group="faces", kinds={"parquet", "webdataset", "pytorch"}, compute=GPU)
def face_crops(context: dg.AssetExecutionContext, dataset: Dataset) -> dg.MaterializeResult:
    """Aligned crops in a WebDataset tar, and a row for every detected face, kept or dropped.

    A picture without a face has one row that says so. Crops keep their own resolution; boxes and
    landmarks are in pixels of the upright original, and ``crop_matrix`` maps one to the other.
    """

    def build(stage: StageInputs) -> pa.Table:
        raw = stage.tables["raw_shards"]
        fetched = raw.filter(pc.equal(raw["status"], "success"))
        with stage.storage.open_tar("raw_shards", stage.shard) as tar:
            return build_face_crops(
                fetched,
                read_pictures(tar),
                dataset.detector(),
                dataset.profile.faces,
                dataset.opt_out,
                stage.tar_path,
            )

    return materialize_shard(context, dataset, build)


def _conserved(dataset: Dataset, shard: str) -> Outcome:
    """Every fetched picture has a row per face, or one row that says why it has none."""
    storage = dataset.storage
    return rows_conserved_crops(
        storage.read_table("raw_shards", shard), storage.read_table("face_crops", shard)
    )


def _boxes_inside(dataset: Dataset, shard: str) -> Outcome:
    """Every box has an area and lies in its picture, in pixels and in shares alike."""
    return boxes_inside_image(dataset.storage.read_table("face_crops", shard))


crops_rows_conserved = gate("face_crops", "rows_conserved", _conserved)
crops_boxes_inside = gate("face_crops", "boxes_inside_image", _boxes_inside)
