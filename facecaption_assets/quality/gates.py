"""Predicates of the blocking checks that count rows: is every row accounted for?

Each takes the tables on both sides of a stage and says whether rows in = rows kept + rows dropped
with a reason. What the values of a table must look like belongs to ``expectations`` and
``contents``; running a check and recording its verdict belongs to ``defs``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.quality.statuses import DROP_REASONS, STATUSES
from facecaption_assets.shards.opt_out import count_left_out


@dataclass(frozen=True)
class Outcome:
    """What a gate says of a table.

    Attributes:
        passed: Whether the stage's output may be used.
        reason: One sentence with the numbers that decided.
        numbers: The counts behind the sentence.
    """

    passed: bool
    reason: str
    numbers: dict[str, int | float] = field(default_factory=dict)


def rows_conserved_plan(plan: pa.Table, shard: str | None = None) -> Outcome:
    """Keys are ``{shard}-00000``, ``{shard}-00001``, … without a gap or a repeat.

    Args:
        plan: Rows of ``shard_plan``, in order.
        shard: The shard's key; None takes it from the first row.
    """
    if plan.num_rows == 0:
        return Outcome(True, "The plan has no rows.", {"rows_out": 0})
    prefix = shard if shard is not None else plan["key"][0].as_py().rpartition("-")[0]
    expected = pa.array([f"{prefix}-{row:05d}" for row in range(plan.num_rows)])
    misnumbered = _count(pc.not_equal(plan["key"], expected))
    problems = {
        f"rows are not numbered {prefix}-00000 onwards": misnumbered,
        "rows have an unknown status": _unknown_statuses("shard_plan", plan),
    }
    numbers = {"rows_out": plan.num_rows} | _left_out(plan)
    return _outcome(problems, f"{plan.num_rows} rows are planned.", numbers)


def rows_conserved_raw(plan: pa.Table, raw: pa.Table) -> Outcome:
    """Every planned picture has exactly one row in the ledger, fetched or not."""
    problems = _one_to_one(plan["key"], raw["key"], "planned pictures", "ledger rows")
    problems["rows have an unknown status"] = _unknown_statuses("raw_shards", raw)
    fetched = _count(pc.equal(raw["status"], "success"))
    numbers = {
        "rows_in": plan.num_rows,
        "rows_out": raw.num_rows,
        "kept": fetched,
        "dropped": raw.num_rows - fetched,
    } | _left_out(raw)
    good = f"{plan.num_rows} planned = {fetched} fetched + {numbers['dropped']} not fetched."
    return _outcome(problems, good, numbers)


def enough_pictures(raw: pa.Table, min_success_share: float) -> Outcome:
    """At least ``min_success_share`` of the pictures that may be fetched were.

    Leaving pictures out is no failure: those that were opted out count as if they were there.
    Else a shard could fail by losing one, and what follows would keep its faces.
    """
    wanted = _count(pc.not_equal(raw["status"], "opted_out"))
    fetched = _count(pc.equal(raw["status"], "success"))
    share = fetched / wanted if wanted else 1.0
    numbers = {"wanted": wanted, "fetched": fetched, "share": share}
    reason = f"{fetched} of {wanted} pictures were fetched ({share:.1%})"
    accounted = fetched + raw.num_rows - wanted
    if not wanted or accounted / raw.num_rows >= min_success_share:
        return Outcome(True, f"{reason}.", numbers)
    return Outcome(False, f"{reason}; min_success_share is {min_success_share:.1%}.", numbers)


def rows_conserved_crops(raw: pa.Table, crops: pa.Table) -> Outcome:
    """Every fetched picture has a row per face, or one row that says why it has none."""
    fetched = raw.filter(pc.equal(raw["status"], "success"))["key"]
    kept = pc.equal(crops["status"], "kept")
    dropped = pc.equal(crops["status"], "dropped")
    reason_known = pc.is_in(crops["drop_reason"], pa.array(DROP_REASONS))
    faces = crops["face_id"].drop_null()
    problems = {
        "fetched pictures have no row": _absent(fetched, crops["key"]),
        "rows belong to no fetched picture": _absent(crops["key"], fetched),
        "face_ids occur more than once": _repeats(faces),
        "rows are neither kept nor dropped": _unknown_statuses("face_crops", crops),
        "dropped rows give no known reason": _count(pc.and_not(dropped, reason_known)),
        "kept rows give a reason to drop them": _count(
            pc.and_(kept, pc.is_valid(crops["drop_reason"]))
        ),
        "kept rows have no face_id": _count(pc.and_(kept, pc.is_null(crops["face_id"]))),
    }
    numbers = {
        "rows_in": len(fetched),
        "rows_out": crops.num_rows,
        "faces": len(faces),
        "kept": _count(kept),
        "dropped": _count(dropped),
    } | _left_out(crops)
    good = (
        f"{len(fetched)} pictures gave {crops.num_rows} rows = {numbers['kept']} kept + "
        f"{numbers['dropped']} dropped."
    )
    return _outcome(problems, good, numbers)


def rows_conserved_scores(crops: pa.Table, scores: pa.Table) -> Outcome:
    """Every kept face has exactly one row of scores."""
    return _one_row_per_face("image_scores", crops, scores, "score rows", "scored")


def rows_conserved_attributes(crops: pa.Table, attributes: pa.Table) -> Outcome:
    """Every kept face has exactly one row of attributes."""
    return _one_row_per_face("face_attributes", crops, attributes, "attribute rows", "labelled")


def _one_row_per_face(
    asset: str, crops: pa.Table, table: pa.Table, rows: str, good_status: str
) -> Outcome:
    kept = crops.filter(pc.equal(crops["status"], "kept"))["face_id"]
    problems = _one_to_one(kept, table["face_id"], "kept faces", rows)
    problems["rows have an unknown status"] = _unknown_statuses(asset, table)
    good = _count(pc.equal(table["status"], good_status))
    numbers = {
        "rows_in": len(kept),
        "rows_out": table.num_rows,
        "kept": good,
        "dropped": table.num_rows - good,
    }
    reason = f"{len(kept)} faces = {good} {good_status} + {numbers['dropped']} dropped."
    return _outcome(problems, reason, numbers)


def rows_conserved_templates(
    attributes: pa.Table, templates: pa.Table, captions_per_face: int
) -> Outcome:
    """Every labelled face has ``captions_per_face`` rows, numbered from 0."""
    labelled = attributes.filter(pc.equal(attributes["status"], "labelled"))["face_id"]
    return _rows_per_face(
        "template_captions", labelled, "labelled faces", templates, captions_per_face
    )


def rows_conserved_synthetic(crops: pa.Table, captions: pa.Table, drawn: int) -> Outcome:
    """Every kept face has a row for each caption that was to be drawn of it, numbered from 0."""
    kept = crops.filter(pc.equal(crops["status"], "kept"))["face_id"]
    return _rows_per_face("synthetic_captions", kept, "kept faces", captions, drawn)


def _rows_per_face(
    asset: str, faces: pa.ChunkedArray, which: str, captions: pa.Table, per_face: int
) -> Outcome:
    numbered = [_caption_ids(faces, index) for index in range(per_face)]
    found = _caption_ids(captions["face_id"], captions["caption_index"])
    expected = pa.chunked_array(numbered, pa.string())
    problems = _one_to_one(expected, found, f"captions of {which}", "caption rows")
    problems["rows have an unknown status"] = _unknown_statuses(asset, captions)
    captioned = _count(pc.equal(captions["status"], "captioned"))
    numbers = {
        "rows_in": len(faces),
        "rows_out": captions.num_rows,
        "kept": captioned,
        "dropped": captions.num_rows - captioned,
    }
    good = f"{len(faces)} {which} x {per_face} = {captioned} captioned + "
    return _outcome(problems, f"{good}{numbers['dropped']} dropped.", numbers)


def rows_conserved_llm(templates: pa.Table, llm: pa.Table) -> Outcome:
    """Every template caption has exactly one row, rewritten or not."""
    captioned = templates.filter(pc.equal(templates["status"], "captioned"))
    problems = _one_to_one(
        _caption_ids(captioned["face_id"], captioned["caption_index"]),
        _caption_ids(llm["face_id"], llm["caption_index"]),
        "template captions",
        "rewritten rows",
    )
    problems["rows have an unknown status"] = _unknown_statuses("llm_captions", llm)
    counts = {
        status: _count(pc.equal(llm["status"], status)) for status in STATUSES["llm_captions"]
    }
    numbers = {
        "rows_in": captioned.num_rows,
        "rows_out": llm.num_rows,
        "kept": counts["accepted"] + counts["repaired"] + counts["fell_back"],
        "dropped": counts["opted_out"],
        **counts,
    }
    good = (
        f"{captioned.num_rows} template captions = {counts['accepted']} accepted + "
        f"{counts['repaired']} repaired + {counts['fell_back']} fell back + "
        f"{counts['opted_out']} opted out."
    )
    return _outcome(problems, good, numbers)


def _one_to_one(
    source: pa.ChunkedArray, result: pa.ChunkedArray, source_name: str, result_name: str
) -> dict[str, int]:
    return {
        f"{source_name} have no row": _absent(source, result),
        f"{result_name} belong to none of the {source_name}": _absent(result, source),
        f"{result_name} occur more than once": _repeats(result),
    }


def _outcome(problems: Mapping[str, int], good: str, numbers: Mapping[str, int | float]) -> Outcome:
    found = [f"{count} {what}" for what, count in problems.items() if count]
    return Outcome(not found, "; ".join(found) + "." if found else good, dict(numbers))


def _caption_ids(face_id: pa.ChunkedArray, caption_index: pa.ChunkedArray | int) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(
        face_id, pc.cast(caption_index, pa.string()), "#", null_handling="replace"
    )


def _left_out(table: pa.Table) -> dict[str, int]:
    """Rows on the opt-out list, by kind of entry."""
    return count_left_out(table["error_message"].to_pylist())


def _count(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(mask).as_py() or 0)


def _absent(values: pa.ChunkedArray, where: pa.ChunkedArray) -> int:
    return _count(pc.invert(pc.is_in(values, value_set=where)))


def _repeats(values: pa.ChunkedArray) -> int:
    return len(values) - len(pc.unique(values))


def _unknown_statuses(asset: str, table: pa.Table) -> int:
    return _absent(table["status"], pa.array(STATUSES[asset]))
