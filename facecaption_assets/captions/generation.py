"""Attributes → template captions: seeded draws from the grammar, and the stage's table.

A caption depends on nothing but the face's attributes, its id, the caption's index and the version
of the grammar, so that a rebuilt shard is the same shard.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import count, islice
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from facecaption_assets.captions.choosing import choose_attributes, describes_a_face, speakable
from facecaption_assets.captions.grammar import GRAMMAR_VERSION, word_caption
from facecaption_assets.captions.pcfg import SeededSource
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.captions.subjects import Subject, subject_of
from facecaption_assets.schema import ATTRIBUTE_COLUMNS, TEMPLATE_CAPTIONS
from facecaption_assets.shards.opt_out import OptOut

#: Draws of a caption that would repeat an earlier one of the face, before it may repeat it.
_REDRAWS: Final = 8

#: CelebA's names, to be picked by place.
_NAMES: Final = np.array(ATTRIBUTE_COLUMNS, dtype=object)


@dataclass(frozen=True)
class Caption:
    """A caption and the positive attributes that it names, in CelebA's order.

    ``Male`` is among them where the noun is "man" or "boy". "Woman" and "girl" rest on a negative
    and therefore name no attribute.
    """

    text: str
    attributes: tuple[str, ...]


@dataclass(frozen=True)
class _Face:
    """What captions are made from."""

    face_id: str
    positive: tuple[str, ...]
    subject: Subject


def generate_caption(
    face: Mapping[str, object], caption_index: int, settings: CaptionSettings
) -> Caption | None:
    """The face's caption of this index; None where no attribute describes the face.

    A sex and "young" alone do not describe a face: "This is a young man." would match every young
    man's picture.

    Args:
        face: Row of ``face_attributes``.
        caption_index: 0, 1, …; another index draws another caption, and another text where the
            grammar has one.
        settings: What may be named, and how much of it.
    """
    positive = tuple(name for name in ATTRIBUTE_COLUMNS if face[name] is True)
    one = _Face(str(face["face_id"]), positive, subject_of(face, settings.unspoken))
    return next(islice(_captions(one, settings), caption_index, None), None)


def _captions(face: _Face, settings: CaptionSettings) -> Iterator[Caption]:
    """The face's captions, without end; none where no attribute describes the face."""
    told = speakable(face.positive, face.subject, settings)
    if not describes_a_face(told):
        return
    texts: set[str] = set()
    for index in count():
        rng = SeededSource(f"{face.face_id}\0{index}\0{GRAMMAR_VERSION}")
        for _ in range(_REDRAWS):
            named = choose_attributes(told, settings, rng)
            text = word_caption(frozenset(named), face.subject, rng)
            if text not in texts:
                break
        texts.add(text)
        yield Caption(text, named)


def caption_faces(attributes: pa.Table, settings: CaptionSettings, opt_out: OptOut) -> pa.Table:
    """Template captions of a shard's labelled faces.

    Args:
        attributes: Rows of ``face_attributes``. Faces whose status is not ``labelled`` were
            dropped with their reason there and get no row here.
        settings: How many captions, and what they may speak of.
        opt_out: Pictures that are to be left out.

    Returns:
        Table ``template_captions``: ``captions_per_face`` rows for each labelled face, in order.
        The rows of a face without a nameable attribute are ``no_attributes``; those of one on the
        list are ``opted_out``.

    Raises:
        ValueError: If a setting is out of range.
    """
    labelled = attributes.filter(pc.equal(attributes["status"], "labelled"))
    columns = ("face_id", "key", "split_group")
    identities = zip(*(labelled[name].to_pylist() for name in columns), strict=True)
    faces = zip(identities, _faces(labelled, settings), strict=True)
    rows: list[dict[str, object]] = []
    for identity, face in tqdm(
        faces, desc="template captions", total=len(labelled), disable=None, leave=False
    ):
        known = dict(zip(columns, identity, strict=True))
        is_covered = opt_out.covers(known["face_id"], known["key"])
        rows.extend(known | row for row in _rows(face, settings, is_covered))
    return TEMPLATE_CAPTIONS.from_rows(rows)


def _faces(labelled: pa.Table, settings: CaptionSettings) -> Iterator[_Face]:
    """The rows as faces; read by columns, because most cells say nothing."""
    states = [pc.fill_null(labelled[name], False).to_numpy() for name in ATTRIBUTE_COLUMNS]
    is_positive = np.stack(states, axis=1)
    names = _NAMES[np.nonzero(is_positive)[1]].tolist()
    ends = np.cumsum(is_positive.sum(axis=1)).tolist()
    read = (labelled[name].to_pylist() for name in ("face_id", "Male", "age_years"))
    begin = 0
    for face_id, male, age, end in zip(*read, ends, strict=True):
        subject = subject_of({"Male": male, "age_years": age}, settings.unspoken)
        yield _Face(face_id, tuple(names[begin:end]), subject)
        begin = end


def _rows(face: _Face, settings: CaptionSettings, is_covered: bool) -> Iterable[dict[str, object]]:
    captions = iter(()) if is_covered else _captions(face, settings)
    status = "opted_out" if is_covered else "no_attributes"
    for index in range(settings.captions_per_face):
        caption = next(captions, None)
        yield {
            "caption_index": index,
            "status": "captioned" if caption else status,
            "caption": caption.text if caption else None,
            "attributes": list(caption.attributes) if caption else [],
        }


def stage_identity(settings: CaptionSettings) -> str:
    """What the stage's output depends on besides its input, as text: for its code version."""
    return json.dumps({"grammar": GRAMMAR_VERSION, **asdict(settings)}, sort_keys=True)
