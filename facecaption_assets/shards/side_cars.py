"""The text and the JSON that lie beside a picture, on disk or in a tar → what came with it.

The text is the alt-text. The JSON may give ``alt_text`` (or ``caption``), ``person`` and any other
fields, which are kept as metadata.
"""

import json
from typing import Any, Final

from facecaption_assets.shards.pictures import SideCar

#: Longer files are no side-cars; what is behind is not read.
MAX_SIDE_CAR_BYTES: Final = 1_000_000


def read_side_car(text: bytes | None, fields: bytes | None) -> SideCar:
    """What the side-cars say; one that cannot be read is noted, never an error.

    Args:
        text: Content of the text file, where there is one.
        fields: Content of the JSON file, where there is one.
    """
    stripped = _decode(text).strip() if text else None
    alt_text = stripped or None
    if fields is None:
        return SideCar(alt_text=alt_text)
    try:
        found = _without_surrogates(json.loads(_decode(fields)))
    except (ValueError, RecursionError) as error:
        return SideCar(alt_text=alt_text, metadata={"side_car_error": str(error)})
    if not isinstance(found, dict):
        return SideCar(alt_text=alt_text, metadata={"side_car": found})
    caption = found.pop("alt_text", None) or found.pop("caption", None)
    person = found.pop("person", None)
    return SideCar(
        alt_text=str(caption) if caption else alt_text,
        metadata=found,
        person=str(person) if person is not None else None,
    )


def _decode(content: bytes) -> str:
    return content[:MAX_SIDE_CAR_BYTES].decode("utf-8-sig", errors="replace")


def _without_surrogates(value: Any) -> Any:
    """The JSON value with halves of surrogate pairs, which UTF-8 has no bytes for, replaced."""
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(text.encode("utf-8", "replace"))
