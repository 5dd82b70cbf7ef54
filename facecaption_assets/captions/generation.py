"""Attributes → template captions: seeded draws from the grammar, and the stage's table.

A caption depends on nothing but the face's attributes, its id, the caption's index and the version
of the grammar, so that a rebuilt shard is the same shard.
"""

import hashlib
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Final

import pyarrow as pa
from tqdm import tqdm

from facecaption_assets.captions.choosing import (
    SUBJECT_ATTRIBUTES,
    choose_attributes,
    speakable_attributes,
)
from facecaption_assets.captions.grammar import GRAMMAR_VERSION, caption_grammar
from facecaption_assets.captions.settings import CaptionSettings
from facecaption_assets.captions.subjects import subject_of
from facecaption_assets.schema import ATTRIBUTE_COLUMNS, TEMPLATE_CAPTIONS
from facecaption_assets.shards.opt_out import OptOut

#: Columns of ``face_attributes`` that captions are made from.
_COLUMNS: Final = ("face_id", "key", "split_group", "status", "age_years", *ATTRIBUTE_COLUMNS)


@dataclass(frozen=True)
class Caption:
    """A caption and the positive attributes that it names, in CelebA's order.

    ``Male`` is among them where the noun is "man" or "boy". "Woman" and "girl" rest on a negative
    and therefore name no attribute.
    """

    text: str
    attributes: tuple[str, ...]


def generate_caption(
    face: Mapping[str, object], caption_index: int, settings: CaptionSettings
) -> Caption | None:
    """The face's caption of this index; None where no attribute describes the face.

    A sex and "young" alone do not describe a face: "This is a young man." would match every young
    man's picture.

    Args:
        face: Row of ``face_attributes``.
        caption_index: 0, 1, …; another index draws another caption.
        settings: What may be named, and how much of it.
    """
    seed = f"{face['face_id']}\0{caption_index}\0{GRAMMAR_VERSION}"
    rng = random.Random(int.from_bytes(hashlib.sha256(seed.encode()).digest()))
    subject = subject_of(face, settings.unspoken)
    speakable = speakable_attributes(face, subject, settings)
    named = choose_attributes(speakable, settings.max_attributes, rng)
    if SUBJECT_ATTRIBUTES.issuperset(named):
        return None
    text = caption_grammar(frozenset(named), subject).sample(rng)
    return Caption(text, named)


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
    faces = attributes.select(_COLUMNS).to_pylist()
    labelled = [face for face in faces if face["status"] == "labelled"]
    rows: list[dict[str, object]] = []
    for face in tqdm(labelled, desc="template captions", disable=None, leave=False):
        rows.extend(_rows(face, settings, opt_out))
    return TEMPLATE_CAPTIONS.from_rows(rows)


def _rows(
    face: Mapping[str, object], settings: CaptionSettings, opt_out: OptOut
) -> Iterable[dict[str, object]]:
    is_covered = opt_out.covers(str(face["face_id"]), str(face["key"]))
    for index in range(settings.captions_per_face):
        caption = None if is_covered else generate_caption(face, index, settings)
        status = "captioned" if caption else "opted_out" if is_covered else "no_attributes"
        yield {
            "face_id": face["face_id"],
            "key": face["key"],
            "split_group": face["split_group"],
            "caption_index": index,
            "status": status,
            "caption": caption.text if caption else None,
            "attributes": list(caption.attributes) if caption else [],
        }


def stage_identity(settings: CaptionSettings) -> str:
    """What the stage's output depends on besides its input, as text: for its code version."""
    return json.dumps({"grammar": GRAMMAR_VERSION, **asdict(settings)}, sort_keys=True)
