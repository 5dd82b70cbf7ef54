"""A recipe's step as SQL: what becomes of each caption, and the texts that come of it.

The tables are those of ``selection``: ``captions``, ``face_scores``, ``in_clusters`` and
``outcomes``, in which ``why`` is ``taken`` or the reason why a caption is not.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from flip_training.pairs.recipes import Cut, Take
from flip_training.pairs.thresholds import Threshold

#: Threshold of a source's top share, by source and share.
Thresholds = Mapping[tuple[str, float], Threshold]

_COLUMNS: Final = "shard, face_id, key, split_group, crop_sha256, caption, source, caption_index"

#: Texts that end a sentence already.
_FINISHED: Final = r"[.!?]$"

#: Why a caption without a score of its own is not taken.
_UNSCORED: Final = "'not_scored_' || c.score_status"


def considered(take: Take, thresholds: Thresholds) -> str:
    """Captions of the sources ``$captions``, with ``why`` for those that do not pass the cuts."""
    joins = " ".join(
        f"LEFT JOIN face_scores {source}_of ON {source}_of.face_id = c.face_id "
        f"AND {source}_of.source = '{source}'"
        for source in sorted({cut.score_of for cut in take.where})
    )
    reasons = list(_reasons(take, thresholds))
    case = f"CASE {' '.join(reasons)} END" if reasons else "NULL::VARCHAR"
    return (
        f"SELECT c.*, {case} AS why FROM captions c {joins} "
        "WHERE list_contains($captions, c.source)"
    )


def _reasons(take: Take, thresholds: Thresholds) -> Iterable[str]:
    """Branches of a CASE that give the first reason why a caption ``c`` is not taken."""
    if take.faces == "rest":
        earlier = "SELECT face_id FROM outcomes WHERE why = 'taken'"
        yield f"WHEN c.face_id IN ({earlier}) THEN 'taken_before'"
    if take.in_clusters:
        yield "WHEN c.face_id NOT IN (SELECT face_id FROM in_clusters) THEN 'outside_clusters'"
    for cut in take.where:
        is_own = f"c.source = '{cut.score_of}'"
        score = f"(CASE WHEN {is_own} THEN c.score ELSE {cut.score_of}_of.score END)"
        yield f"WHEN {is_own} AND c.score IS NULL THEN {_UNSCORED}"
        yield f"WHEN {score} IS NULL THEN 'not_scored_{cut.score_of}'"
        yield f"WHEN {score} < {_least(cut, thresholds)!r}::DOUBLE THEN 'below_threshold'"
    if take.best:
        yield f"WHEN c.score IS NULL THEN {_UNSCORED}"


def _least(cut: Cut, thresholds: Thresholds) -> float:
    if cut.at_least is not None:
        return cut.at_least
    assert cut.top is not None
    return thresholds[cut.ranked, cut.top].value


def without_repeats() -> str:
    """The considered captions; of equal texts of a face, the first one only.

    Before the best are counted, or a repeated text would take the place of another.
    """
    return (
        "SELECT * REPLACE (CASE WHEN why IS NOT NULL THEN why "
        "WHEN EXISTS (FROM outcomes o JOIN captions t USING (ordinal) WHERE o.why = 'taken' "
        "AND t.face_id = considered.face_id AND t.caption = considered.caption) "
        "OR row_number() OVER (PARTITION BY face_id, caption, why IS NULL "
        "ORDER BY source_order, caption_index) > 1 THEN 'same_caption' END AS why) "
        "FROM considered"
    )


def outcomes(number: int, take: Take) -> str:
    """Rows of ``outcomes``: those told so far, and of the others the best, as many as asked for.

    Equal scores go by source and index. Of captions to be joined, one of each source is taken.
    """
    most, part = (1, "face_id, source") if take.joined else (take.best, "face_id")
    ranked = (
        f"row_number() OVER (PARTITION BY {part}, why IS NULL "
        "ORDER BY score DESC NULLS LAST, source_order, caption_index)"
    )
    late = f"WHEN {ranked} > {most} THEN 'not_best' " if most else ""
    return (
        f"SELECT ordinal, face_id, {number}, "
        f"CASE WHEN why IS NOT NULL THEN why {late}ELSE 'taken' END FROM told"
    )


def pairs(number: int, take: Take) -> str:
    """Texts of a step with their faces; of joined captions one a face, whole sentences in order."""
    taken = (
        "SELECT c.* FROM captions c JOIN outcomes o USING (ordinal) "
        f"WHERE o.step = {number} AND o.why = 'taken'"
    )
    if not take.joined:
        return f"SELECT {_COLUMNS} FROM ({taken})"
    text = "trim(caption)"
    finished = f"{text} || CASE WHEN regexp_matches({text}, '{_FINISHED}') THEN '' ELSE '.' END"
    alike = ", ".join(
        f"any_value({name}) AS {name}" for name in ("shard", "key", "split_group", "crop_sha256")
    )
    return (
        f"SELECT {_COLUMNS} FROM (SELECT face_id, {alike}, "
        f"string_agg({finished}, ' ' ORDER BY source_order) AS caption, "
        "string_agg(source, '+' ORDER BY source_order) AS source, "
        f"arg_min(caption_index, source_order) AS caption_index FROM ({taken}) GROUP BY face_id)"
    )
