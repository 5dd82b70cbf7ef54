"""The texts of a shard that are scored: every caption of a kept face, whatever it came from.

A caption that was refused, outranked or never written is no text. What a text scores belongs to
``scoring``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

#: Tables of a shard that texts are read from.
TEXT_TABLES: Final = ("face_crops", "template_captions", "synthetic_captions", "llm_captions")

#: Source → table of its captions and the statuses that count; the web's text is in face_crops.
_CAPTIONS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "template": ("template_captions", ("captioned",)),
    "llm": ("llm_captions", ("accepted", "repaired", "fell_back")),
    "synthetic": ("synthetic_captions", ("captioned",)),
}

#: Where captions come from, as in ``caption_source``.
SOURCES: Final = ("alt_text", *_CAPTIONS)


@dataclass(frozen=True)
class SourcedText:
    """A text of a face.

    Attributes:
        face_id: The face.
        key: Its picture.
        split_group: As in face_crops.
        caption_source: One of SOURCES.
        caption_index: As in the source's table; 0 of alt-text.
        text: The text itself.
    """

    face_id: str
    key: str
    split_group: str
    caption_source: str
    caption_index: int
    text: str


def texts_of(tables: Mapping[str, pa.Table]) -> list[SourcedText]:
    """Texts of the kept faces, by face in the order of ``face_crops``, then by source and index.

    Pictures with several faces have their alt-text once per face.

    Args:
        tables: The shard's tables of TEXT_TABLES.
    """
    crops = tables["face_crops"]
    columns = ["face_id", "key", "split_group", "alt_text"]
    kept = crops.filter(pc.equal(crops["status"], "kept")).select(columns).to_pylist()
    captions: dict[str, list[SourcedText]] = {face["face_id"]: [] for face in kept}
    for face in kept:
        if (face["alt_text"] or "").strip():
            captions[face["face_id"]].append(_text(face, "alt_text", 0, face["alt_text"]))
    for source, (asset, statuses) in _CAPTIONS.items():
        for row in _captioned(tables[asset], statuses):
            if row["face_id"] in captions:
                text = _text(row, source, row["caption_index"], row["caption"])
                captions[row["face_id"]].append(text)
    return [text for of_face in captions.values() for text in of_face]


def strangers_texts(texts: Iterable[SourcedText]) -> dict[SourcedText, str]:
    """For each text, one of the same source that belongs to another picture: the next one.

    A text whose neighbour says the same, or that is alone in its source, has none.
    """
    by_source: dict[str, list[SourcedText]] = {source: [] for source in SOURCES}
    for text in texts:
        by_source[text.caption_source].append(text)
    found: dict[SourcedText, str] = {}
    for of_source in by_source.values():
        pictures = [list(group) for _, group in groupby(of_source, attrgetter("key"))]
        for own, following in zip(pictures, pictures[1:] + pictures[:1], strict=True):
            for index, text in enumerate(own):
                other = following[index % len(following)]
                if other.key != text.key and other.text != text.text:
                    found[text] = other.text
    return found


def _captioned(table: pa.Table, statuses: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    columns = ["face_id", "key", "split_group", "caption_index", "caption"]
    wanted = pc.and_(pc.is_in(table["status"], pa.array(statuses)), pc.is_valid(table["caption"]))
    yield from table.filter(wanted).select(columns).to_pylist()


def _text(row: Mapping[str, Any], source: str, index: int, text: str) -> SourcedText:
    return SourcedText(row["face_id"], row["key"], row["split_group"], source, index, text)
