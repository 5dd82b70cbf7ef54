"""Predicates of the checks on ``image_text_scores``: all there, and do captions fit their faces?

Captions that were swapped between faces are well formed and name their attributes; only a model
that looks at both can tell. It is told twice: a caption must fit its own face better than a
stranger's caption does, and a shard must fit as well as other shards of its source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from facecaption_assets.quality.drift import MIN_GROUPS, MIN_Z, other_shards
from facecaption_assets.quality.gates import Outcome
from facecaption_assets.quality.scores.texts import SOURCES, texts_of
from facecaption_assets.quality.statuses import STATUSES
from facecaption_assets.storage import Storage

ASSET: Final = "image_text_scores"

_COSINES: Final = ("crop_cosine", "picture_cosine")
_CLIP_S: Final = ("crop_clip_s", "picture_clip_s")
_SCORES: Final = (*_COSINES, *_CLIP_S)
_COLUMNS: Final = ["split_group", "caption_source", "status", *_SCORES]

#: Standard errors by which captions have to fit better than strangers' do.
_MIN_FIT_Z: Final = 2.0


@dataclass(frozen=True)
class Level:
    """How high the scores of a source are.

    Attributes:
        groups: Different split groups of the scored texts; pictures of one are not independent.
        mean: Mean score; 0 where nothing is scored.
        deviation: Their standard deviation.
    """

    groups: int
    mean: float
    deviation: float


def rows_conserved_scores(tables: Mapping[str, pa.Table], scores: pa.Table) -> Outcome:
    """Every kept caption of a kept face, from whatever source, has exactly one row.

    Args:
        tables: The shard's tables that texts are read from.
        scores: Rows of ``image_text_scores``.
    """
    expected = [(t.face_id, t.caption_source, t.caption_index) for t in texts_of(tables)]
    columns = (scores[name].to_pylist() for name in ("face_id", "caption_source", "caption_index"))
    found = list(zip(*columns, strict=True))
    unknown = pc.invert(pc.is_in(scores["status"], pa.array(STATUSES[ASSET])))
    problems = {
        "captions have no row": len(set(expected) - set(found)),
        "rows belong to no caption": len(set(found) - set(expected)),
        "rows occur more than once": len(found) - len(set(found)),
        "rows have an unknown status": pc.sum(unknown).as_py() or 0,
    }
    scored = pc.sum(pc.equal(scores["status"], "scored")).as_py() or 0
    dropped = scores.num_rows - scored
    numbers: dict[str, int | float] = {
        **{"rows_in": len(expected), "rows_out": scores.num_rows},
        **{"kept": scored, "dropped": dropped},
    }
    wrong = "; ".join(f"{count} {what}" for what, count in problems.items() if count)
    good = f"{len(expected)} captions = {scored} scored + {dropped} not scored."
    return Outcome(not wrong, f"{wrong}." if wrong else good, numbers)


def scores_complete(scores: pa.Table) -> Outcome:
    """A scored row has all scores of each model that it names; another row has none."""
    is_scored = pc.equal(scores["status"], "scored")
    named = [pc.is_valid(scores[name]) for name in ("cosine_model", "clip_s_model")]
    unnamed = pc.sum(pc.and_not(is_scored, pc.or_(*named))).as_py() or 0
    wrong = sum(
        pc.sum(pc.xor(pc.is_valid(scores[column]), pc.and_(is_scored, has_model))).as_py() or 0
        for has_model, columns in zip(named, (_COSINES, _CLIP_S), strict=True)
        for column in columns
    )
    reason = (
        f"Of {scores.num_rows} rows, {unnamed} are scored by no model; {wrong} scores are absent "
        "or should be."
    )
    numbers: dict[str, int | float] = {"unnamed": unnamed, "wrong": wrong}
    return Outcome(not unnamed and not wrong, reason, numbers)


def captions_fit_faces(scores: pa.Table) -> Outcome:
    """Of each source, captions fit their own face better than the next face's captions do.

    A caption's cosine less its stranger's is averaged; the mean has to be ``_MIN_FIT_Z`` of its
    standard errors above zero. A source with few different captions, or of alt-text that does not
    speak of faces, may fail honestly: the check warns.
    """
    wanted = pc.and_(pc.equal(scores["status"], "scored"), pc.is_valid(scores["stranger_cosine"]))
    table = scores.filter(wanted)
    found: dict[str, tuple[float, float]] = {}
    for source in SOURCES:
        own = table.filter(pc.equal(table["caption_source"], source))
        groups = len(pc.unique(own["split_group"]))
        if groups >= MIN_GROUPS:
            gain = pc.subtract(own["crop_cosine"], own["stranger_cosine"]).to_numpy()
            error = float(gain.std(dtype=np.float64)) / sqrt(groups)
            found[source] = float(gain.mean(dtype=np.float64)), error
    if not found:
        return Outcome(True, f"No source has {MIN_GROUPS} groups of pictures to compare.")
    poor = [source for source, (gain, error) in found.items() if gain <= _MIN_FIT_Z * error]
    told = ", ".join(f"{source} {gain:+.4f} ± {err:.4f}" for source, (gain, err) in found.items())
    reason = f"Captions fit their own face better than a stranger's does by {told}"
    numbers: dict[str, int | float] = {
        f"gain_{source}": gain for source, (gain, _) in found.items()
    }
    failed = f"; that is no better than chance for {', '.join(poor)}" if poor else ""
    return Outcome(not poor, f"{reason}{failed}.", numbers)


def scores_agree(
    here: Mapping[tuple[str, str], Level],
    elsewhere: Mapping[tuple[str, str], Level],
    max_drop: float,
) -> Outcome:
    """No source's scores are far lower than in other shards.

    The measure is the difference of the means in standard deviations of the other shards' scores
    (Cohen's d: 0.2 is small, 0.5 middling, 0.8 large). A difference counts only beyond ``MIN_Z``
    standard errors; higher scores are no fault.

    Args:
        here: The shard's levels, by source and score.
        elsewhere: Those of the shards that it is compared with.
        max_drop: Largest d.
    """
    told, low, largest = [], [], 0.0
    for place, level in here.items():
        other = elsewhere[place]
        if min(level.groups, other.groups) < MIN_GROUPS or not other.deviation:
            continue
        drop = (other.mean - level.mean) / other.deviation
        largest = max(largest, drop)
        told.append(place)
        if drop > max(max_drop, MIN_Z * sqrt(1 / level.groups + 1 / other.groups)):
            source, score = place
            low.append(f"{score} of {source} {level.mean:.3f} against {other.mean:.3f}")
    if not told:
        return Outcome(True, f"No source has {MIN_GROUPS} groups of pictures here and elsewhere.")
    reason = f"{len(low)} of {len(told)} scores are lower than in other shards by d > {max_drop}"
    numbers: dict[str, int | float] = {"compared": len(told), "largest_drop": largest}
    return Outcome(not low, f"{reason}{': ' if low else ''}{', '.join(low)}.", numbers)


def levels(tables: Sequence[pa.Table]) -> dict[tuple[str, str], Level]:
    """Level of every source and score over tables of IMAGE_TEXT_SCORES, or their columns."""
    return {(s, score): _level(tables, s, score) for s in SOURCES for score in _SCORES}


def shard_levels(storage: Storage, shard: str) -> dict[tuple[str, str], Level]:
    """Levels of one shard."""
    return levels([storage.read_table(ASSET, shard, _COLUMNS)])


def other_levels(storage: Storage, shard: str) -> dict[tuple[str, str], Level]:
    """Levels of other shards of the same source, as ``drift.other_shards`` chooses them."""
    others = other_shards(storage, ASSET, shard)
    return levels([storage.read_table(ASSET, other, _COLUMNS) for other in others])


def _level(tables: Sequence[pa.Table], source: str, score: str) -> Level:
    wanted = (pc.field("status") == "scored") & (pc.field("caption_source") == source)
    scored = [table.filter(wanted & pc.field(score).is_valid()) for table in tables]
    values = np.concatenate([np.empty(0), *(table[score].to_numpy() for table in scored)])
    groups = sum(len(pc.unique(table["split_group"])) for table in scored)
    if not len(values):
        return Level(0, 0.0, 0.0)
    return Level(groups, float(values.mean()), float(values.std()))
