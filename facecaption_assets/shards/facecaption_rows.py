"""Rows of FaceCaption-15M's published table → what came with a picture.

Columns as published: ``_id``; ``url``; ``caption``, a list of one text about the face;
``laion_caption``, a list of at most one text from the web, or of null; ``box``, the JSON text
``[x1, y1, x2, y2]`` in pixels of the picture as its authors saw it. Copies with plain texts and
real lists are read alike.

Source: ``OpenFace-CQUPT/FaceCaption-15M``, ``FaceCaption-v1.parquet`` and ``-v2.parquet``.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from facecaption_assets.shards.json_values import json_fields
from facecaption_assets.shards.pictures import SideCar

#: Between two URLs of one cell.
_NEXT_URL: Final = re.compile(r",\s*(?=https?://)", re.IGNORECASE)
_URL: Final = re.compile(r"https?://", re.IGNORECASE)

_KNOWN: Final = frozenset(("_id", "url", "caption", "laion_caption", "box"))


def describe_faces(rows: Iterable[Mapping[str, Any]]) -> SideCar:
    """The faces of one picture, a row each.

    Returns:
        The first web text as alt-text. In the metadata: ``url``; ``other_urls`` and
        ``other_alt_texts`` where there are any; and ``faces``, in order, each with its ``id``,
        ``captions``, ``box`` (``[x1, y1, x2, y2]``, px) and what further columns say. A box that
        is not four numbers is kept as ``box_as_found``.
    """
    urls: dict[str, None] = {}
    texts: dict[str, None] = {}
    faces = []
    for row in rows:
        urls |= dict.fromkeys(split_urls(row.get("url")))
        texts |= dict.fromkeys(_texts(row.get("laion_caption")))
        faces.append(_face(row))
    alt_text, *other_texts = texts or [None]
    metadata: dict[str, Any] = {"faces": faces}
    if urls:
        metadata["url"], *others = urls
        metadata |= {"other_urls": others} if others else {}
    if other_texts:
        metadata["other_alt_texts"] = other_texts
    return SideCar(alt_text, metadata)


def describe_face_row(row: dict[str, Any], text_column: str | None) -> SideCar:
    """One row of a copy that has an image column; the alt-text's column is the published one."""
    return describe_faces([row])


def split_urls(cell: Any) -> list[str]:
    """The http(s) URLs of a cell: one, several with commas between them, or none (``UNKNOWN``)."""
    parts = _NEXT_URL.split(cell) if isinstance(cell, str) else []
    return [url for part in parts if _URL.match(url := part.strip())]


def _face(row: Mapping[str, Any]) -> dict[str, Any]:
    face: dict[str, Any] = {}
    if row.get("_id") is not None:
        face["id"] = str(row["_id"])
    face["captions"] = _texts(row.get("caption"))
    box = _box(row.get("box"))
    if box is not None:
        face["box"] = box
    elif row.get("box") is not None:
        face |= json_fields({"box_as_found": row["box"]})
    return json_fields({k: v for k, v in row.items() if k not in _KNOWN}) | face


def _texts(cell: Any) -> list[str]:
    entries = cell if isinstance(cell, list) else [cell]
    return [text for e in entries if isinstance(e, str) and (text := e.strip())]


def _box(cell: Any) -> list[float] | None:
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            return None
    if not isinstance(cell, list) or len(cell) != 4:
        return None
    is_number = all(type(edge) in (int, float) and math.isfinite(edge) for edge in cell)
    return cell if is_number else None
