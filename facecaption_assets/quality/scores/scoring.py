"""A shard's captions, crops and pictures → the rows of ``image_text_scores``.

Texts are read first, each different one once; then every crop and every picture is looked at once
for all of its texts, while those that follow are decoded. A picture or text that cannot be scored
becomes rows that say so.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final

import pyarrow as pa
from tqdm import tqdm

from facecaption_assets.faces.ahead import Bounds, ahead
from facecaption_assets.memory import is_out_of_memory
from facecaption_assets.models import ModelStore
from facecaption_assets.provenance import stage_hash
from facecaption_assets.quality.scores.measures import Measure, Prepared, ReadTexts
from facecaption_assets.quality.scores.settings import (
    CLIP_S_SETTING,
    COSINE_SETTING,
    ScoreSettings,
)
from facecaption_assets.quality.scores.texts import SourcedText, strangers_texts, texts_of
from facecaption_assets.schema import IMAGE_TEXT_SCORES
from facecaption_assets.shards.images import ImageDecodeError, decode_rgb
from facecaption_assets.shards.opt_out import OptOut, left_out_by

#: Raised when the same texts and pictures would have other scores or rows.
_VERSION: Final = 1

_MOST_THREADS: Final = 8

#: What a text is held against, in the order in which they are looked at.
REGIONS: Final = ("crop", "picture")


@dataclass(frozen=True)
class _Fault:
    status: str
    message: str


@dataclass
class _Scored:
    """A text on its way to its row; it is scored when nothing is at fault any more."""

    text: SourcedText
    faults: dict[str, _Fault] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        fault = next(iter(self.faults.values()), None)
        text = self.text
        return {
            "face_id": text.face_id,
            "key": text.key,
            "split_group": text.split_group,
            "caption_source": text.caption_source,
            "caption_index": text.caption_index,
            "status": fault.status if fault else "scored",
            "error_message": fault.message if fault else None,
            **({} if fault else self.scores),
        }


@dataclass(frozen=True)
class _Understood:
    """A measure, the shard's texts as its model read them, and each text's stranger."""

    measure: Measure
    texts: ReadTexts
    strangers: Mapping[SourcedText, str]

    def score(self, scored: _Scored, region: str, seen: Any) -> None:
        """Write down the scores of a text and a region's direction."""
        own, name = scored.text, self.measure.name
        texts = {f"{region}_{name}": own.text}
        if name == "cosine" and region == "crop" and own in self.strangers:
            texts["stranger_cosine"] = self.strangers[own]
        for column, text in texts.items():
            if (direction := self.texts.directions.get(text)) is not None:
                scored.scores[column] = self.measure.of_cosine(float((direction * seen).sum()))
        scored.scores[f"{name}_model"] = self.measure.model
        scored.scores[f"{name}_truncated"] = self.texts.truncated[own.text]


def stage_identity(settings: ScoreSettings, store: ModelStore) -> str:
    """Code version of ``image_text_scores``; it tells no two sizes of a batch apart."""
    models = [store.identity(model) for model in (settings.cosine_model, settings.clip_s_model)]
    return stage_hash("image_text_scores", _VERSION, models, replace(settings, batch_size=1))


def score_shard(
    tables: Mapping[str, pa.Table],
    pixels: Mapping[str, Iterable[tuple[str, bytes]]],
    measures: Sequence[Measure],
    settings: ScoreSettings,
    opt_out: OptOut,
) -> pa.Table:
    """Score the captions of a shard.

    Args:
        tables: The shard's tables of ``texts.TEXT_TABLES``.
        pixels: By region, name and encoded picture in any order: of ``crop`` by face_id, of
            ``picture`` by key; others are passed over.
        measures: What scores; empty where no model is configured.
        settings: How much is looked at together.
        opt_out: Faces and pictures that are not looked at, and whose texts are not read.

    Returns:
        One IMAGE_TEXT_SCORES row per text of ``texts.texts_of``, in its order.

    Raises:
        OutOfMemory: If a model ran out of memory on a single picture or text.
    """
    every = [_Scored(text) for text in texts_of(tables)]
    waiting = [one for one in every if _may_be_scored(one, bool(measures), opt_out)]
    if waiting:
        understood = _read(waiting, measures)
        _look(waiting, "crop", pixels["crop"], understood, settings.batch_size)
        _look(waiting, "picture", pixels["picture"], understood, settings.batch_size)
    return IMAGE_TEXT_SCORES.from_rows([one.row() for one in every])


def _may_be_scored(one: _Scored, is_on: bool, opt_out: OptOut) -> bool:
    kind = opt_out.covering(one.text.face_id, one.text.key)
    if kind is not None:
        one.faults["opt-out"] = _Fault("opted_out", left_out_by(kind))
    elif not is_on:
        message = f"no CLIP: {COSINE_SETTING} and {CLIP_S_SETTING} are empty"
        one.faults["models"] = _Fault("unavailable", message)
    else:
        for region in REGIONS:
            one.faults[region] = _Fault("failed_to_decode", f"the {region}'s pixels are missing")
    return is_on and kind is None


def _read(waiting: Sequence[_Scored], measures: Sequence[Measure]) -> list[_Understood]:
    different = list(dict.fromkeys(one.text.text for one in waiting))
    strangers = strangers_texts(one.text for one in waiting)
    understood = [_Understood(m, m.read(different), strangers) for m in measures]
    for one in waiting:
        for view in understood:
            if fault := view.texts.faults.get(one.text.text):
                one.faults = {"text": _Fault("failed_to_score", fault)}
    return understood


def _look(
    waiting: Sequence[_Scored],
    region: str,
    pixels: Iterable[tuple[str, bytes]],
    understood: Sequence[_Understood],
    batch_size: int,
) -> None:
    """Score texts against a region; each picture is embedded once for all of its texts."""
    of: dict[str, list[_Scored]] = {}
    for one in waiting:
        if "text" not in one.faults:
            of.setdefault(one.text.face_id if region == "crop" else one.text.key, []).append(one)
    wanted = ((name, data) for name, data in pixels if name in of)
    measures = [view.measure for view in understood]
    with tqdm(desc=f"score {region}s", total=len(of), disable=None, leave=False) as bar:
        for batch in _batches(wanted, measures, batch_size):
            for name, answer in _seen(batch, measures):
                for one in of[name]:
                    _take(one, region, answer, understood)
                bar.update()


def _take(
    one: _Scored, region: str, answer: list[Any] | _Fault, understood: Sequence[_Understood]
) -> None:
    if isinstance(answer, _Fault):
        one.faults[region] = answer
        return
    del one.faults[region]
    for view, seen in zip(understood, answer, strict=True):
        view.score(one, region, seen)


_Ready = tuple[str, list[Prepared] | _Fault]


def _batches(
    wanted: Iterable[tuple[str, bytes]], measures: Sequence[Measure], size: int
) -> Iterator[list[_Ready]]:
    """Pictures as the models take them; the next ones are decoded while some are looked at."""

    def prepare(item: tuple[str, bytes]) -> _Ready:
        name, data = item
        try:
            pixels = decode_rgb(data)
            return name, [measure.prepare(pixels) for measure in measures]
        except ImageDecodeError as error:
            return name, _Fault("failed_to_decode", f"the pixels cannot be decoded: {error}")
        except Exception as error:  # A picture that a model cannot take is that picture's row.
            if is_out_of_memory(error):
                raise
            return name, _Fault("failed_to_score", f"{type(error).__name__}: {error}")

    threads = min(_MOST_THREADS, len(os.sched_getaffinity(0)))
    with ThreadPoolExecutor(threads, "prepare pictures") as pool:
        ready = ahead(pool, prepare, wanted, lambda item: 0.0, Bounds(2 * size, float("inf")))
        while batch := list(islice(ready, size)):
            yield batch


def _seen(
    batch: Sequence[_Ready], measures: Sequence[Measure]
) -> Iterator[tuple[str, list[Any] | _Fault]]:
    """Each picture's directions, one per measure, or what is wrong with it."""
    shown = [(name, ready) for name, ready in batch if not isinstance(ready, _Fault)]
    yield from ((name, ready) for name, ready in batch if isinstance(ready, _Fault))
    answers = [
        measure.see([ready[index] for _, ready in shown]) for index, measure in enumerate(measures)
    ]
    for (name, _), *directions in zip(shown, *answers, strict=True):
        died = [answer for answer in directions if isinstance(answer, str)]
        yield name, _Fault("failed_to_score", died[0]) if died else directions
