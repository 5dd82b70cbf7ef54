"""LAION's Parquet files: which of them hold a part, and their rows under our names.

Column names differ between LAION-400M, Re-LAION and what users have made of them, so they are
looked up without regard to case. What becomes of a row belongs to ``laion_metadata``.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from upath import UPath

from facecaption_assets.schema import LAION_FACE_METADATA
from facecaption_assets.shards.exact_ids import ExactIds, exact_ids
from facecaption_assets.shards.sources import SourceError

#: Our column → names that it has in the wild, in lower case.
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "sample_id": ("sample_id",),
    "url": ("url",),
    "alt_text": ("text", "alt_text", "caption"),
    "width": ("width", "original_width"),
    "height": ("height", "original_height"),
    "similarity": ("similarity",),
    "nsfw": ("nsfw",),
    "license": ("license",),
}

#: LAION's own names of a part's file, and those of LAION-Face's ``convert_parquet.py``.
_SCHEMES: Final = (
    re.compile(r"part-(\d{5})(?:-.*)?\.parquet"),
    re.compile(r"laion_face_part_(\d{5})\.parquet"),
)

_BATCH_ROWS: Final = 65_536
_READ_BUFFER: Final = 1 << 20


@dataclass(frozen=True)
class Rows:
    """Some rows of a file, in file order.

    Attributes:
        found: Their ids.
        table: Their columns under our names, texts as bytes; a column that the file lacks is
            missing here too.
    """

    found: ExactIds
    table: pa.Table


def part_files(folder: str, part: str) -> list[UPath]:
    """Files that may hold a part's rows, in name order.

    Args:
        folder: The setting ``laion.metadata``.
        part: Key of the part.

    Returns:
        The files that are named after the part; every Parquet file below the folder where none is
        named after any part.

    Raises:
        SourceError: If there are no Parquet files, or other parts' only.
    """
    files = parquet_files(folder, "metadata")
    for scheme in _SCHEMES:
        numbers = {file: scheme.fullmatch(file.name) for file in files}
        if not any(numbers.values()):
            continue
        mine = [file for file, found in numbers.items() if found and int(found[1]) == int(part)]
        if not mine:
            raise SourceError(f"the setting [laion] metadata: {folder} has no file of part {part}")
        return mine
    return files


def parquet_files(place: str, setting: str) -> list[UPath]:
    """Parquet files below a folder, in name order, or the one file that the place is.

    Raises:
        SourceError: If there is none; names the setting.
    """
    root = UPath(place) if place else None
    if root is not None and root.is_file():
        return [root]
    files = sorted(root.rglob("*.parquet"), key=str) if root is not None and root.is_dir() else []
    if not files:
        raise SourceError(f"the setting [laion] {setting} is {place!r}: no Parquet files are there")
    return files


def read_rows(file: UPath, columns: Sequence[str] = tuple(_NAMES)) -> Iterator[Rows]:
    """A file's rows, some ten thousand at a time; memory does not grow with the file.

    Args:
        file: A Parquet file.
        columns: Ours, of those that are wanted.

    Raises:
        SourceError: If the file is no Parquet file, has no ids, or no URLs where they are wanted.
    """
    try:
        with file.open("rb") as opened:
            # Buffered: else a whole column chunk would be read at once, and files of one row
            # group exist.
            parquet = pq.ParquetFile(opened, buffer_size=_READ_BUFFER, pre_buffer=False)
            names = _match(file, parquet.schema_arrow.names, columns)
            for batch in parquet.iter_batches(_BATCH_ROWS, columns=list(names.values())):
                table = pa.table({ours: batch.column(theirs) for ours, theirs in names.items()})
                yield Rows(_ids(table["sample_id"]), _without_encodings(table))
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{file}: {error}") from error


def _match(file: UPath, present: list[str], wanted: Sequence[str]) -> dict[str, str]:
    lower = {name.lower(): name for name in reversed(present)}
    found = {
        ours: lower[theirs]
        for ours in wanted
        if (theirs := next((name for name in _NAMES[ours] if name in lower), None)) is not None
    }
    for needed in {"sample_id", "url"} & set(wanted):
        if needed not in found:
            raise SourceError(
                f"{file} has no column {needed.upper()}; it has {', '.join(present) or 'none'}"
            )
    return found


def _ids(column: pa.ChunkedArray) -> ExactIds:
    if column.null_count:
        # Without a null in it, an integer column needs no detour that may lose digits.
        known = exact_ids(column.drop_null().to_numpy())
        present = pc.is_valid(column).to_numpy()
        ids = np.zeros(len(column), np.int64)
        exact = np.zeros(len(column), np.bool_)
        ids[present], exact[present] = known.ids, known.exact
        return ExactIds(ids, exact, known.num_nan + column.null_count, known.inexact)
    return exact_ids(column.to_numpy())


def _without_encodings(table: pa.Table) -> pa.Table:
    """The table with plain columns: texts as bytes, which need not be UTF-8 in old files."""
    columns: dict[str, Any] = {}
    for name in table.column_names:
        column = table[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        wanted = LAION_FACE_METADATA.arrow.field(name).type
        columns[name] = column.cast(pa.binary()) if wanted == pa.string() else column
    return pa.table(columns)
