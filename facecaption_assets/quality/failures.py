"""Predicates of the blocking checks on models and endpoints: did they do their work at all?

A row that failed is kept with its reason, so that one bad row costs no shard. Where most of a shard
failed, the rows are not at fault, and a shard without labels or rewrites must not pass as done.
"""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.quality.gates import Outcome
from facecaption_assets.rewriting.one_caption import REFUSED

#: Largest share of a shard's rows that may fail on their own account.
MAX_FAILED_SHARE: Final = 0.5


def faces_annotated(attributes: pa.Table) -> Outcome:
    """At most half of the faces, opted-out ones aside, could not be annotated."""
    failed = pc.equal(attributes["status"], "failed_to_annotate")
    return mostly_done(attributes, failed, "faces could not be annotated")


def requests_answered(llm: pa.Table) -> Outcome:
    """At most half of the captions, opted-out ones aside, had their requests refused."""
    refused = pc.fill_null(pc.equal(llm["rejection_reason"], REFUSED), False)
    return mostly_done(llm, refused, "captions had every request refused by the endpoint")


def faces_captioned(captions: pa.Table) -> Outcome:
    """At most half of the captions, opted-out faces aside, died in the image captioner."""
    failed = pc.equal(captions["status"], "failed_to_caption")
    return mostly_done(captions, failed, "captions could not be drawn")


def captions_scored(scores: pa.Table) -> Outcome:
    """At most half of the captions, opted-out faces aside, could not be scored by a CLIP."""
    failed = pc.is_in(scores["status"], pa.array(["failed_to_decode", "failed_to_score"]))
    return mostly_done(scores, failed, "captions could not be scored")


def captioner_available(captions: pa.Table) -> Outcome:
    """An image captioner is configured: without one, no face has a synthetic caption."""
    return _available(captions, "A captioner looked at every face that it may see.", "caption")


def scores_available(scores: pa.Table) -> Outcome:
    """A CLIP is configured: without one, no caption has a score."""
    return _available(scores, "A CLIP looked at every face that it may see.", "score")


def _available(table: pa.Table, good: str, lacking: str) -> Outcome:
    without = table.filter(pc.equal(table["status"], "unavailable"))
    numbers: dict[str, int | float] = {"unavailable": without.num_rows}
    if not without.num_rows:
        return Outcome(True, good, numbers)
    said = without["error_message"][0].as_py()
    return Outcome(False, f"Off: {said}; {without.num_rows} rows have no {lacking}.", numbers)


def mostly_done(table: pa.Table, failed: pa.ChunkedArray, what: str) -> Outcome:
    """At most ``MAX_FAILED_SHARE`` of a table's rows, opted-out ones aside, failed.

    Args:
        table: Has ``status`` and ``error_message``.
        failed: Which rows did.
        what: Says what it means, behind a number.
    """
    failures = table.filter(failed)
    tried = pc.sum(pc.not_equal(table["status"], "opted_out")).as_py() or 0
    share = failures.num_rows / tried if tried else 0.0
    reason = f"{failures.num_rows} of {tried} {what} ({share:.0%})"
    numbers = {"tried": tried, "failed": failures.num_rows, "share": share}
    if share <= MAX_FAILED_SHARE:
        return Outcome(True, f"{reason}.", numbers)
    example = failures["error_message"].drop_null().slice(0, 1).to_pylist()
    said = f"; the first says: {example[0]}" if example else ""
    return Outcome(False, f"{reason}; at most {MAX_FAILED_SHARE:.0%} may{said}", numbers)
