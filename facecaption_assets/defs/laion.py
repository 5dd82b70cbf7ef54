"""``laion_face_metadata`` and ``laion_face_detections``: what LAION-Face consists of, by part."""

from typing import Final

import dagster as dg

from facecaption_assets.defs.compute import CPU
from facecaption_assets.defs.gates import gate
from facecaption_assets.defs.partitions import laion_parts
from facecaption_assets.defs.resources import Dataset
from facecaption_assets.defs.stage import table_metadata, written
from facecaption_assets.quality.gates import Outcome
from facecaption_assets.quality.laion_gates import (
    faces_well_formed,
    ids_found,
    rows_conserved_detections,
    rows_conserved_part,
)
from facecaption_assets.schema import LAION_FACE_DETECTIONS, LAION_FACE_METADATA
from facecaption_assets.shards.laion_building import ASSET, build_laion_part
from facecaption_assets.shards.laion_detections import ASSET as DETECTIONS
from facecaption_assets.shards.laion_detections import build_detections
from facecaption_assets.shards.laion_ids import part_ids
from facecaption_assets.shards.laion_parts import LAION_FACE_20M
from facecaption_assets.shards.sources import SourceError

_GATED_COLUMNS: Final = ["sample_id", "url", "status", "drop_reason"]


@dg.asset(
    partitions_def=laion_parts,
    group_name="sources",
    kinds={"parquet"},
    owners=["team:dataset"],
    metadata={
        **table_metadata(LAION_FACE_METADATA),
        "parts of LAION-Face 20M": ", ".join(LAION_FACE_20M),
    },
    tags=CPU["tags"],
)
def laion_face_metadata(
    context: dg.AssetExecutionContext, dataset: Dataset
) -> dg.MaterializeResult:
    """The ids of a LAION-Face part with their rows of LAION-400M or Re-LAION.

    Reads the files that the profile's section [laion] names. An id has one row: kept, or dropped
    with the reason. Ids that are in no file are listed with what else was odd in the notes
    beside the table.
    """
    part = context.partition_key
    try:
        provenance = build_laion_part(
            dataset.storage,
            dataset.profile.laion,
            dataset.opt_out,
            part,
            dataset.code_versions[ASSET],
        )
    except SourceError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
    notes = dg.MetadataValue.path(str(dataset.storage.notes_path(ASSET, part)))
    return written(dataset.storage, provenance, notes=notes)


@dg.asset(
    partitions_def=laion_parts,
    group_name="sources",
    kinds={"parquet"},
    owners=["team:dataset"],
    metadata=table_metadata(LAION_FACE_DETECTIONS),
    tags=CPU["tags"],
)
def laion_face_detections(
    context: dg.AssetExecutionContext, dataset: Dataset
) -> dg.MaterializeResult:
    """The faces that LAION-Face's authors found in the pictures of a part, with RetinaFace.

    Reads ``sample2detect_{i}.pth`` in the folder that the profile's section [laion] names, as
    plain data.
    """
    part, settings = context.partition_key, dataset.profile.laion
    version = dataset.code_versions[DETECTIONS]
    try:
        provenance = build_detections(dataset.storage, settings, part, version)
    except SourceError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
    return written(dataset.storage, provenance)


def _part_conserved(dataset: Dataset, part: str) -> Outcome:
    """Every id of the part has exactly one row: kept with a URL, or dropped with a reason."""
    listed = part_ids(dataset.storage, dataset.profile.laion.ids, part)
    table = dataset.storage.read_table(ASSET, part, _GATED_COLUMNS)
    return rows_conserved_part(listed.ids, table)


def _ids_found(dataset: Dataset, part: str) -> Outcome:
    """Every id of the part has a row in LAION's files, and every row of them an exact id."""
    return ids_found(dict(dataset.storage.require_built(ASSET, part).counts))


def _detections_conserved(dataset: Dataset, part: str) -> Outcome:
    """Every picture of the file has a row; faces are found, or rows say what they are instead."""
    pictures = dataset.storage.require_built(DETECTIONS, part).counts["pictures"]
    table = dataset.storage.read_table(DETECTIONS, part, ["sample_id", "status"])
    return rows_conserved_detections(table, pictures)


def _faces_well_formed(dataset: Dataset, part: str) -> Outcome:
    """Every face of the file is a box, five landmarks and a score."""
    return faces_well_formed(dataset.storage.read_table(DETECTIONS, part, ["status"]))


detections_rows_conserved = gate(
    DETECTIONS, "rows_conserved", _detections_conserved, partitions=laion_parts
)
detections_well_formed = gate(
    DETECTIONS, "faces_well_formed", _faces_well_formed, blocking=False, partitions=laion_parts
)
laion_rows_conserved = gate(ASSET, "rows_conserved", _part_conserved, partitions=laion_parts)
laion_ids_found = gate(ASSET, "ids_found", _ids_found, blocking=False, partitions=laion_parts)
