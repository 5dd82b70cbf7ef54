"""A shard's kept faces → the rows of ``image_scores``.

Crops are decoded and measured by BRISQUE ahead of the CLIP that looks at them in batches. A face
that cannot be decoded or scored becomes a row that says so.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from facecaption_assets.faces.ahead import Bounds, ahead
from facecaption_assets.memory import BatchLimit, OutOfMemory, is_out_of_memory
from facecaption_assets.models import ModelStore
from facecaption_assets.provenance import stage_hash
from facecaption_assets.quality.image_scoring.brisque import MODELS, Brisque
from facecaption_assets.quality.image_scoring.brisque_features import Unmeasurable
from facecaption_assets.quality.image_scoring.clip_iqa import ClipIqa
from facecaption_assets.quality.image_scoring.settings import ImageScoreSettings
from facecaption_assets.schema import IMAGE_SCORES
from facecaption_assets.shards.images import ImageDecodeError, decode_rgb
from facecaption_assets.shards.opt_out import OptOut, left_out_by

#: Raised when the same crops would get other scores.
_VERSION: Final = 1

_THREADS: Final = 2

_Row = dict[str, Any]
_Pixels = NDArray[np.uint8]


class PictureScorer(Protocol):
    """Scores one picture at a time, as ``Brisque`` does."""

    def score(self, pixels: _Pixels) -> float:
        """Score of a picture (H, W, 3), RGB.

        Raises:
            Unmeasurable: If the picture has no such score.
        """
        ...


class BatchScorer(Protocol):
    """Scores several pictures in one call, as ``ClipIqa`` does."""

    @property
    def model(self) -> str:
        """The model, for the table."""
        ...

    def score(self, pictures: Sequence[_Pixels]) -> list[float]:
        """Score of each picture (H, W, 3), RGB."""
        ...


@dataclass(frozen=True)
class Scorers:
    """What scores crops; ``clip_iqa`` is None where no CLIP is configured."""

    brisque: PictureScorer
    clip_iqa: BatchScorer | None


@dataclass(frozen=True)
class _Measured:
    """A face whose crop was looked at; no pixels where that failed, which the row then says."""

    row: _Row
    pixels: _Pixels | None


def stage_identity(settings: ImageScoreSettings, store: ModelStore) -> str:
    """Code version of ``image_scores``; neither the gates' limits nor a batch's size change it."""
    default = ImageScoreSettings()
    models = [store.identity(model) for model in (*MODELS, settings.clip_model)]
    deciding = replace(
        settings,
        batch_size=default.batch_size,
        max_median_brisque=default.max_median_brisque,
        drift_warn=default.drift_warn,
    )
    return stage_hash("image_scores", _VERSION, models, deciding)


def load_scorers(settings: ImageScoreSettings, store: ModelStore) -> Scorers:
    """What the settings name.

    Raises:
        ModelUnavailable: If a model cannot be had or used.
    """
    clip_iqa = ClipIqa(settings.clip_model) if settings.clip_model else None
    return Scorers(Brisque(store), clip_iqa)


def score_crops(
    crops: pa.Table,
    pixels: Iterable[tuple[str, bytes]],
    scorers: Scorers,
    settings: ImageScoreSettings,
    opt_out: OptOut,
) -> pa.Table:
    """Score the faces of a shard.

    Args:
        crops: Rows of FACE_CROPS whose status is ``kept``.
        pixels: face_id and encoded picture of each, in any order; others are passed over.
        scorers: What looks at them.
        settings: How many are looked at.
        opt_out: Faces and pictures whose crops are not looked at.

    Returns:
        One IMAGE_SCORES row per row of ``crops``, in their order.

    Raises:
        OutOfMemory: If a scorer ran out of memory on a single face.
    """
    rows, waiting = _unscored(crops, settings.sample, opt_out)
    wanted = ((waiting[face_id], data) for face_id, data in pixels if face_id in waiting)
    with tqdm(desc="image scores", total=len(waiting), disable=None, leave=False) as progress:
        for row in _scored(wanted, scorers, settings.batch_size):
            rows[row["face_id"]] = row
            progress.update()
    return IMAGE_SCORES.from_rows(list(rows.values()))


def _unscored(
    crops: pa.Table, sample: int, opt_out: OptOut
) -> tuple[dict[str, _Row], dict[str, _Row]]:
    """What every face's row says until its crop is seen, and those of the faces to look at."""
    rows: dict[str, _Row] = {}
    allowed: dict[str, _Row] = {}
    for face in crops.select(["face_id", "key", "split_group"]).to_pylist():
        kind = opt_out.covering(face["face_id"], face["key"])
        if kind is None:
            allowed[face["face_id"]] = face
            missing = "the crop's picture is missing"
            rows[face["face_id"]] = face | _failure(missing)
        else:
            left_out = {"status": "opted_out", "error_message": left_out_by(kind)}
            rows[face["face_id"]] = face | left_out
    for face_id in sorted(allowed, key=_lot)[sample:]:
        rows[face_id] = allowed.pop(face_id) | {
            "status": "not_sampled",
            "error_message": f"{sample} faces of the shard are scored",
        }
    return rows, allowed


def _lot(face_id: str) -> bytes:
    """What a face draws: the lowest are scored, whatever else is in the shard."""
    return hashlib.sha256(face_id.encode()).digest()


def _scored(
    wanted: Iterable[tuple[_Row, bytes]], scorers: Scorers, batch_size: int
) -> Iterator[_Row]:
    def measure(item: tuple[_Row, bytes]) -> _Measured:
        return _measure(*item, scorers.brisque)

    limit = BatchLimit(batch_size)
    bounds = Bounds(count=2 * batch_size, weight=float("inf"))
    with ThreadPoolExecutor(_THREADS, "measure crops") as pool:
        measured = ahead(pool, measure, wanted, lambda item: 0.0, bounds)
        while batch := list(islice(measured, batch_size)):
            yield from _look(batch, scorers.clip_iqa, limit)


def _measure(face: _Row, data: bytes, brisque: PictureScorer) -> _Measured:
    try:
        pixels = decode_rgb(data)
    except ImageDecodeError as error:
        return _Measured(face | _failure(f"the crop cannot be decoded: {error}"), None)
    try:
        score = brisque.score(pixels)
    except Unmeasurable as error:
        return _Measured(face | _failure(f"BRISQUE: {error}"), pixels)
    except Exception as error:  # Whatever it is, it is the face's row that must tell.
        if is_out_of_memory(error):
            raise OutOfMemory(f"BRISQUE ran out of memory: {error}") from None
        return _Measured(face | _failure(f"BRISQUE: {type(error).__name__}: {error}"), pixels)
    return _Measured(face | {"status": "scored", "brisque": score}, pixels)


def _look(
    batch: Sequence[_Measured], clip_iqa: BatchScorer | None, limit: BatchLimit
) -> Iterator[_Row]:
    """Rows of a batch with what the CLIP says of each."""
    seen = [each.pixels for each in batch if each.pixels is not None]
    answers = iter(_ask(seen, clip_iqa, limit) if clip_iqa else [])
    for each in batch:
        if clip_iqa is None or each.pixels is None:
            yield each.row
            continue
        answer = next(answers)
        said = _failure(answer) if isinstance(answer, str) else {"clip_iqa": answer}
        yield each.row | {"clip_model": clip_iqa.model} | said


def _ask(
    pictures: Sequence[_Pixels], clip_iqa: BatchScorer, limit: BatchLimit
) -> list[float | str]:
    """Score of each picture, or what the CLIP died of; one bad picture spoils no other."""
    try:
        return list(limit.run(pictures, clip_iqa.score))
    except Exception as error:  # Whatever it is, it is the face's row that must tell.
        if is_out_of_memory(error):
            raise OutOfMemory(f"{clip_iqa.model} ran out of memory: {error}") from None
        if len(pictures) == 1:
            return [f"CLIP-IQA: {type(error).__name__}: {error}"]
        return [answer for each in pictures for answer in _ask([each], clip_iqa, limit)]


def _failure(why: str) -> _Row:
    return {"status": "failed_to_score", "error_message": why}
