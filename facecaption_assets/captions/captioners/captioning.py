"""A shard's kept faces → the rows of ``synthetic_captions``.

Crops are decoded ahead of the captioner that looks at them. A face that cannot be decoded or
captioned becomes rows that say so. How texts are drawn and chosen belongs to ``choosing``.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from facecaption_assets.captions.captioners.captioner import Sitting
from facecaption_assets.captions.captioners.choosing import BestOf, Candidate
from facecaption_assets.captions.captioners.loading import load_captioner
from facecaption_assets.captions.captioners.sampling import SAMPLING_VERSION, draws_of
from facecaption_assets.captions.captioners.screening import SCREENING_VERSION
from facecaption_assets.captions.captioners.settings import (
    CLIP_SETTING,
    MODEL_SETTING,
    CaptionerSettings,
)
from facecaption_assets.clip import Clip
from facecaption_assets.faces.ahead import Bounds, ahead
from facecaption_assets.memory import OutOfMemory, is_out_of_memory
from facecaption_assets.models import ModelStore
from facecaption_assets.provenance import stage_hash
from facecaption_assets.schema import SYNTHETIC_CAPTIONS
from facecaption_assets.shards.images import ImageDecodeError, decode_rgb
from facecaption_assets.shards.opt_out import OptOut, left_out_by

#: Raised when rows are made in another way; drawing and screening have their own versions.
_VERSION: Final = 1

_DECODING_THREADS: Final = 2

_Row = dict[str, Any]
_Decoded = tuple[_Row, NDArray[np.uint8] | str]


def stage_identity(settings: CaptionerSettings, store: ModelStore) -> str:
    """Code version of ``synthetic_captions``; it tells no two sizes of a batch apart."""
    models = [store.identity(model) for model in (settings.model, settings.clip_model)]
    deciding = replace(settings, batch_size=1)
    versions = (_VERSION, SAMPLING_VERSION, SCREENING_VERSION)
    return stage_hash("synthetic_captions", versions, models, deciding)


def load_best_of(settings: CaptionerSettings) -> BestOf | None:
    """What captions faces under the settings; None where they name no captioner.

    Raises:
        ModelUnavailable: If a model cannot be had or used.
    """
    if not settings.model:
        return None
    captioner = load_captioner(settings)
    ranker = None
    if settings.clip_model:
        ranker = Clip(settings.clip_model, CLIP_SETTING)
        ranker.use_fast_numbers()
    return BestOf(captioner, ranker, settings.captions_per_face, settings.batch_size)


def caption_crops(
    crops: pa.Table,
    pixels: Iterable[tuple[str, bytes]],
    best_of: BestOf | None,
    settings: CaptionerSettings,
    opt_out: OptOut,
) -> pa.Table:
    """Caption the faces of a shard.

    Args:
        crops: Rows of FACE_CROPS whose status is ``kept``.
        pixels: face_id and encoded picture of each, in any order; others are passed over.
        best_of: What draws and chooses; None where there is no captioner.
        settings: How many captions are drawn, and how.
        opt_out: Faces and pictures whose crops are not looked at.

    Returns:
        ``settings.drawn`` SYNTHETIC_CAPTIONS rows per row of ``crops``, in their order.

    Raises:
        OutOfMemory: If the captioner ran out of memory on a single face.
    """
    faces = crops.select(["face_id", "key", "split_group"]).to_pylist()
    rows: dict[str, list[_Row]] = {}
    waiting: dict[str, _Row] = {}
    for face in faces:
        kind = opt_out.covering(face["face_id"], face["key"])
        status, why = _without_a_look(None if kind is None else left_out_by(kind), best_of)
        rows[face["face_id"]] = _alike(face, settings, status, why)
        if status == "failed_to_decode":
            waiting[face["face_id"]] = face
    if best_of is not None:
        wanted = ((waiting[face_id], data) for face_id, data in pixels if face_id in waiting)
        with tqdm(desc="synthetic captions", total=len(waiting), disable=None, leave=False) as bar:
            for face, own in _looked_at(wanted, best_of, settings):
                rows[face["face_id"]] = own
                bar.update()
    return SYNTHETIC_CAPTIONS.from_rows([row for face in faces for row in rows[face["face_id"]]])


def _without_a_look(left_out: str | None, best_of: BestOf | None) -> tuple[str, str]:
    """Status and reason of a face until somebody has looked at it."""
    if left_out is not None:
        return "opted_out", left_out
    if best_of is None:
        return "unavailable", f"no captioner: {MODEL_SETTING} is empty"
    return "failed_to_decode", "the crop's picture is missing"


def _looked_at(
    wanted: Iterable[tuple[_Row, bytes]], best_of: BestOf, settings: CaptionerSettings
) -> Iterator[tuple[_Row, list[_Row]]]:
    """Faces with their rows; the next batch is decoded while one is captioned."""
    bounds = Bounds(count=2 * settings.batch_size, weight=float("inf"))
    with ThreadPoolExecutor(_DECODING_THREADS, "decode crops") as pool:
        decoded = ahead(pool, _decode, wanted, lambda item: 0.0, bounds)
        while batch := list(islice(decoded, settings.batch_size)):
            yield from _caption_batch(batch, best_of, settings)


def _decode(item: tuple[_Row, bytes]) -> _Decoded:
    face, data = item
    try:
        return face, decode_rgb(data)
    except ImageDecodeError as error:
        return face, f"the crop cannot be decoded: {error}"


def _caption_batch(
    batch: Sequence[_Decoded], best_of: BestOf, settings: CaptionerSettings
) -> Iterator[tuple[_Row, list[_Row]]]:
    shown: list[_Row] = []
    sittings: list[Sitting] = []
    for face, pixels in batch:
        if isinstance(pixels, str):
            yield face, _alike(face, settings, "failed_to_decode", pixels)
        else:
            shown.append(face)
            draws = draws_of(face["face_id"], settings)
            sittings.append(Sitting(face["face_id"], pixels, draws))
    for face, answer in zip(shown, _ask(best_of, sittings), strict=True):
        if isinstance(answer, str):
            yield face, _alike(face, settings, "failed_to_caption", answer)
        else:
            yield face, _captioned(face, answer, best_of.name, settings)


def _ask(best_of: BestOf, sittings: Sequence[Sitting]) -> list[list[Candidate] | str]:
    """Candidates of each face, or what the captioner died of; one bad face spoils no other.

    Raises:
        OutOfMemory: If the machine's memory, not a face, is at fault.
    """
    try:
        return list(best_of.candidates(sittings))
    except Exception as error:  # Whatever it is, it is the face's row that must tell.
        if is_out_of_memory(error):
            raise OutOfMemory(f"{best_of.name} ran out of memory: {error}") from None
        if len(sittings) == 1:
            return [f"{best_of.name}: {type(error).__name__}: {error}"]
        return [answer for sitting in sittings for answer in _ask(best_of, [sitting])]


def _captioned(
    face: _Row, candidates: Sequence[Candidate], model: str, settings: CaptionerSettings
) -> list[_Row]:
    rows = _alike(face, settings, "screened", None)
    for row, candidate in zip(rows, candidates, strict=True):
        if candidate.text is not None:
            row["status"] = "captioned" if candidate.is_chosen else "outranked"
        row |= {
            "caption": candidate.text,
            "rejection_reason": candidate.refusal,
            "clip_cosine": candidate.cosine,
            "model": model,
        }
    return rows


def _alike(face: _Row, settings: CaptionerSettings, status: str, why: str | None) -> list[_Row]:
    """One row for each caption that was to be drawn."""
    each = settings.samples_per_temperature
    return [
        {
            **face,
            "caption_index": index,
            "status": status,
            "error_message": why,
            "temperature": settings.temperatures[index // each],
        }
        for index in range(settings.drawn)
    ]
