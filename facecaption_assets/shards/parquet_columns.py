"""Which columns of a Parquet file hold the pictures and their texts."""

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

#: Names that alt-texts have in the wild, in lower case; the first that is there is taken.
_TEXT_NAMES: Final = ("alt_text", "caption", "text", "txt", "captions", "description")


@dataclass(frozen=True)
class PictureColumns:
    """Columns of a file, by what they are for.

    Attributes:
        image: Pictures: a binary column, or a struct with the binary field ``bytes``, which is
            how Hugging Face's ``Image`` feature is stored.
        text: Alt-texts; None if there are none.
        others: All but the pictures, the alt-texts included.
    """

    image: str
    text: str | None
    others: tuple[str, ...]


def image_columns(schema: pa.Schema) -> list[str]:
    """Columns that may hold pictures: structs with bytes where there are any, else binary ones."""
    structs = [field.name for field in schema if _has_bytes(field.type)]
    return structs or [field.name for field in schema if _is_binary(field.type)]


def choose_columns(
    schema: pa.Schema, image: str | None = None, text: str | None = None
) -> PictureColumns:
    """What the columns of a file are for.

    Args:
        schema: The file's.
        image: The setting ``image_column``; found if there is exactly one candidate.
        text: The setting ``text_column``; found by usual names.

    Raises:
        ValueError: If a column is not there or not of a usable type, or the pictures could be in
            several.
    """
    names = schema.names
    if len(set(names)) < len(names):
        raise ValueError(f"a column name occurs twice in {', '.join(names)}")
    if image is None:
        candidates = image_columns(schema)
        if len(candidates) != 1:
            several = ", ".join(candidates) or "none"
            raise ValueError(
                f"columns that may hold pictures: {several}; name one with the setting "
                f"image_column (columns: {', '.join(names)})"
            )
        image = candidates[0]
    elif image not in names or not _holds_pictures(schema.field(image).type):
        raise ValueError(
            f"image_column {image!r} is no column of bytes (columns: {', '.join(names)})"
        )
    if text is None:
        lower = {name.lower(): name for name in reversed(names) if name != image}
        text = next((lower[name] for name in _TEXT_NAMES if name in lower), None)
    elif text not in names:
        raise ValueError(f"text_column {text!r} is no column (columns: {', '.join(names)})")
    return PictureColumns(image, text, tuple(name for name in names if name != image))


def _holds_pictures(kind: pa.DataType) -> bool:
    return _is_binary(kind) or _has_bytes(kind)


def _has_bytes(kind: pa.DataType) -> bool:
    return pa.types.is_struct(kind) and any(
        field.name == "bytes" and _is_binary(field.type) for field in kind
    )


def _is_binary(kind: pa.DataType) -> bool:
    is_kind = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    return any(is_one(kind) for is_one in is_kind)
