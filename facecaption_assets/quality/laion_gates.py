"""Predicates of the checks of ``laion_face_metadata``; those of shards are in ``gates``."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from facecaption_assets.quality.gates import Outcome


def rows_conserved_part(ids: NDArray[np.int64], table: pa.Table) -> Outcome:
    """Every id of the part has exactly one row: kept with a URL, or dropped with a reason.

    Args:
        ids: (n,), the part's ids, sorted, each once.
        table: Columns sample_id, url, status and drop_reason of the part.
    """
    kept = pc.equal(table["status"], "kept")
    dropped = pc.equal(table["status"], "dropped")
    has_reason, has_url = pc.is_valid(table["drop_reason"]), pc.is_valid(table["url"])
    good = pc.or_(
        pc.and_(kept, pc.and_(has_url, pc.invert(has_reason))),
        pc.and_(dropped, pc.and_(has_reason, pc.invert(has_url))),
    )
    numbers = {
        "rows_in": len(ids),
        "rows_out": table.num_rows,
        "kept": _count(kept),
        "dropped": _count(dropped),
    }
    if bad := table.num_rows - _count(good):
        return Outcome(
            False, f"{bad} rows are neither kept with a URL nor dropped with a reason.", numbers
        )
    if not np.array_equal(np.sort(table["sample_id"].to_numpy()), ids):
        return Outcome(
            False, f"The part lists {len(ids)} ids; the {table.num_rows} rows differ.", numbers
        )
    return Outcome(
        True,
        f"{len(ids)} ids = {numbers['kept']} kept + {numbers['dropped']} dropped.",
        numbers,
    )


def ids_found(counts: dict[str, int]) -> Outcome:
    """Every id of the part has a row in LAION's files, and every row of them an exact id.

    Args:
        counts: The counts that were recorded when the part was built.
    """
    ids = counts["kept"] + counts["dropped"]
    missing = counts.get("not_in_metadata", 0)
    reason = (
        f"{ids - missing} of {ids} ids were found; of {counts['rows_read']} rows read, "
        f"{counts['nan_ids']} had no id, {counts['inexact_ids']} an inexact one, and "
        f"{counts['repeated_rows']} repeated an id."
    )
    good = not (missing or counts["nan_ids"] or counts["inexact_ids"])
    return Outcome(good, reason, {"ids": ids, **counts})


def rows_conserved_detections(table: pa.Table, pictures: int) -> Outcome:
    """Every picture of the file has a row; faces are found, or rows say what they are instead.

    Args:
        table: Columns sample_id and status of the part.
        pictures: Pictures in the file, as recorded when the part was built.
    """
    present = len(pc.unique(table["sample_id"]))
    statuses = pa.array(["found", "no_face", "malformed"])
    unknown = table.num_rows - _count(pc.is_in(table["status"], value_set=statuses))
    return Outcome(
        present == pictures and not unknown,
        f"{present} of {pictures} pictures have rows; {unknown} rows have an unknown status.",
        {"rows_in": pictures, "pictures": present, "rows_out": table.num_rows},
    )


def faces_well_formed(table: pa.Table) -> Outcome:
    """Every face of the file is a box, five landmarks and a score."""
    malformed = _count(pc.equal(table["status"], "malformed"))
    return Outcome(
        not malformed,
        f"{malformed} of {table.num_rows} rows are not a box, five landmarks and a score.",
        {"malformed": malformed},
    )


def _count(column: pa.ChunkedArray) -> int:
    return int(pc.sum(column).as_py() or 0)
