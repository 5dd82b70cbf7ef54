"""Jobs: a shard through all stages, its failed downloads again, LAION-Face's, the dataset's."""

import dagster as dg

from facecaption_assets.defs.stage import RETRY_TAG, SKIP_CURRENT_TAG
from facecaption_assets.freshness import SHARD_INPUTS

#: One run takes one shard through every shard-level stage; blocking checks gate within it.
build_shards = dg.define_asset_job(
    name="build_shards",
    selection=dg.AssetSelection.assets(*SHARD_INPUTS),
    executor_def=dg.in_process_executor,
    description="Takes one shard through every stage, gate by gate.",
)

#: What follows is built again only where another try gave a picture, or another reason.
retry_failed_downloads = dg.define_asset_job(
    name="retry_failed_downloads",
    selection=dg.AssetSelection.assets(*(name for name in SHARD_INPUTS if name != "shard_plan")),
    executor_def=dg.in_process_executor,
    tags={SKIP_CURRENT_TAG: "true", RETRY_TAG: "true"},
    description="Asks once more for a shard's URLs that failed and are worth another try, and "
    "takes what came through the stages that follow. Leaves a shard alone where none is.",
)

build_laion_parts = dg.define_asset_job(
    name="build_laion_parts",
    selection=dg.AssetSelection.assets("laion_face_metadata"),
    executor_def=dg.in_process_executor,
    description="Finds the rows of a LAION-Face part in LAION-400M's or Re-LAION's files.",
)

evaluate_attributes = dg.define_asset_job(
    name="evaluate_attributes",
    selection=dg.AssetSelection.assets("attribute_evaluation"),
    executor_def=dg.in_process_executor,
    description="Measures the attributes of the built shards where the truth is known.",
)

build_laion_detections = dg.define_asset_job(
    name="build_laion_detections",
    selection=dg.AssetSelection.assets("laion_face_detections"),
    executor_def=dg.in_process_executor,
    description="Reads the published faces of a LAION-Face part.",
)

find_duplicates = dg.define_asset_job(
    name="find_duplicates",
    selection=dg.AssetSelection.assets("duplicate_faces"),
    executor_def=dg.in_process_executor,
    description="Finds the faces of all built shards that are copies of others.",
)

build_report = dg.define_asset_job(
    name="build_report",
    selection=dg.AssetSelection.assets("quality_report"),
    executor_def=dg.in_process_executor,
    description="Writes the dataset's report and gallery from the shards that are built.",
)
