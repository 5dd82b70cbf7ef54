"""One part of LAION-Face, from the user's files to a committed ``laion_face_metadata``.

Joins ``laion_ids``, ``laion_files``, ``laion_safe_list`` and ``laion_metadata``.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from upath import UPath

from facecaption_assets.long_tables import LongTableWriter
from facecaption_assets.provenance import Provenance
from facecaption_assets.schema import LAION_FACE_METADATA
from facecaption_assets.shards.laion_files import part_files
from facecaption_assets.shards.laion_ids import PartIds, part_ids
from facecaption_assets.shards.laion_inputs import IDS, file_versions, safe_list_files
from facecaption_assets.shards.laion_metadata import PartReport, build_part
from facecaption_assets.shards.laion_safe_list import read_safe_list
from facecaption_assets.shards.laion_settings import LaionSettings
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.storage import Storage

ASSET: Final = "laion_face_metadata"


def build_laion_part(
    storage: Storage, settings: LaionSettings, opt_out: OptOut, part: str, code_version: str
) -> Provenance:
    """Build one part and commit it, with notes on what was odd beside it.

    Raises:
        SourceError: If one of the files is not there, or is not what it should be.
    """
    files = part_files(settings.metadata, part)
    listed = part_ids(storage, settings.ids, part)
    safe = read_safe_list(settings.safe_list, listed.ids)
    with storage.staging(ASSET, part) as folder:
        writer = LongTableWriter(folder / "table.parquet", LAION_FACE_METADATA.arrow)
        report = build_part(listed.ids, files, safe, opt_out, writer)
        # Before the table, whose presence says that the partition is complete.
        storage.write_text(storage.notes_path(ASSET, part), _notes(files, listed, report))
        safe_files = safe_list_files(settings.safe_list)
        versions = file_versions([*files, *safe_files]) | file_versions([Path(settings.ids)])
        versions[f"{IDS}{part}"] = hashlib.sha256(listed.ids.tobytes()).hexdigest()[:16]
        return storage.commit_long(
            writer,
            Provenance(
                asset=ASSET,
                partition=part,
                code_version=code_version,
                input_versions=versions,
                counts=_counts(listed, report),
            ),
        )


def _counts(listed: PartIds, report: PartReport) -> dict[str, int]:
    dropped = sum(report.drop_reasons.values())
    return {
        "kept": len(listed.ids) - dropped,
        "dropped": dropped,
        **dict(sorted(report.drop_reasons.items())),
        "rows_read": report.rows_read,
        "repeated_rows": report.repeated_rows,
        "nan_ids": report.nan_ids,
        "inexact_ids": report.inexact_ids,
    }


def _notes(files: list[UPath], listed: PartIds, report: PartReport) -> str:
    notes: dict[str, Any] = {
        "files": [str(file) for file in files],
        "ids": listed.counts,
        **asdict(report),
    }
    return json.dumps(notes, indent=1)
