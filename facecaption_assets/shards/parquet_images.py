"""Parquet files with an image column as a source, as Hugging Face datasets are stored.

A picture's name is its file's and its row, ``train-00000.parquet/17``. Pictures are read row by
row; which columns are what belongs to ``parquet_columns``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from facecaption_assets.shards.img2dataset_ledger import why_missing
from facecaption_assets.shards.import_files import ImportFiles, shown
from facecaption_assets.shards.json_values import json_fields
from facecaption_assets.shards.parquet_columns import PictureColumns, choose_columns
from facecaption_assets.shards.parquet_cursor import ParquetCursor, RowUnreadable
from facecaption_assets.shards.pictures import PictureUnreadable, SideCar

#: Turns a row without its picture into what came with the picture, given the alt-text's column.
Describe = Callable[[dict[str, Any], str | None], SideCar]

_PICTURES_PER_BATCH: Final = 16
_ROWS_PER_BATCH: Final = 1024


def describe_row(row: dict[str, Any], text_column: str | None) -> SideCar:
    """Alt-text, ``person`` where there is such a column, and the other columns as metadata.

    Of a list of texts, the first is the alt-text, and the list stays in the metadata.
    """
    fields = json_fields(row)
    person = fields.pop("person", None)
    text = fields.get(text_column) if text_column is not None else None
    if isinstance(text, list):
        text = next((entry for entry in text if isinstance(entry, str) and entry.strip()), None)
    elif text_column is not None:
        fields.pop(text_column, None)
    alt_text = str(text).strip() if text is not None else None
    return SideCar(alt_text or None, fields, str(person) if person is not None else None)


@dataclass(frozen=True)
class ParquetPictures:
    """All rows of a Parquet file, or of the Parquet files below a folder.

    Attributes:
        files: The files.
        image_column: The setting of that name; None where it is to be found.
        text_column: The setting of that name; None where it is to be found.
        describe: What becomes of the other columns.
    """

    files: ImportFiles
    image_column: str | None = None
    text_column: str | None = None
    describe: Describe = describe_row

    def list_names(self) -> Iterator[str]:
        """File and row of every picture, in the order of files and rows.

        Raises:
            SourceError: If a file is no Parquet file, or has no usable column of pictures.
        """
        for file, path in self.files.paths.items():
            self.columns_of(file)
            with path.open("rb") as opened:
                rows = pq.read_metadata(opened).num_rows
            yield from (f"{file}/{row}" for row in range(rows))

    def columns_of(self, file: str) -> PictureColumns:
        """What the columns of a file are for.

        Raises:
            SourceError: If it is no Parquet file, or has no usable column of pictures.
        """
        path = self.files.paths[file]
        try:
            with path.open("rb") as opened:
                schema = pq.read_schema(opened)
            return choose_columns(schema, self.image_column, self.text_column)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self.files.unusable(path, error) from error

    def url(self, name: str) -> str:
        """The file as a ``file://`` URL with the row as its fragment."""
        file, _, row = name.rpartition("/")
        return self.files.url(file, row)

    def fingerprint(self, name: str) -> str | None:
        """Size and time of the file."""
        return self.files.fingerprint(name.rpartition("/")[0])

    def side_car(self, name: str) -> SideCar:
        """What the row's other columns say; a row that cannot be read is noted."""
        file, _, row = name.rpartition("/")
        if file not in self.files.paths:
            return SideCar()
        try:
            columns, cursor = self._texts(file)
            found = cursor.read(int(row)) if columns.others else {}
        except (RowUnreadable, IndexError) as error:
            return SideCar(metadata={"side_car_error": str(error)})
        return self.describe(found, columns.text)

    def read(self, url: str, max_bytes: int) -> bytes:
        """The picture's bytes, at most ``max_bytes`` + 1 of them.

        Raises:
            PictureUnreadable: If the row has no bytes, or cannot be read.
            SourceError: If the file is no Parquet file any more.
        """
        file, row = self.files.locate(url)
        columns, cursor = self._pictures(file)
        try:
            cell = cursor.read(int(row))[columns.image]
        except (RowUnreadable, IndexError) as error:
            raise PictureUnreadable(str(error)) from error
        data = cell.get("bytes") if isinstance(cell, dict) else cell
        if data is None:
            raise PictureUnreadable(self._why_absent(file, row, columns.image, cell))
        return bytes(data[: max_bytes + 1])

    def _why_absent(self, file: str, row: str, column: str, cell: dict[str, Any] | None) -> str:
        if (reason := why_missing(self.side_car(f"{file}/{row}").metadata)) is not None:
            return f"img2dataset: {reason}"
        elsewhere = f"; it names {cell['path']!r}" if cell and cell.get("path") else ""
        path = shown(self.files.paths[file])
        return f"{path} has no bytes in the column {column} of row {row}{elsewhere}"

    def _pictures(self, file: str) -> tuple[PictureColumns, ParquetCursor]:
        return self._hold("pictures", file, _PICTURES_PER_BATCH)

    def _texts(self, file: str) -> tuple[PictureColumns, ParquetCursor]:
        return self._hold("texts", file, _ROWS_PER_BATCH)

    def _hold(self, what: str, file: str, rows: int) -> tuple[PictureColumns, ParquetCursor]:
        held = self._held.get(what)
        if held is None or held[0] != file:
            if held is not None:
                held[2].close()
            columns = self.columns_of(file)
            wanted = [columns.image] if what == "pictures" else list(columns.others)
            try:
                cursor = ParquetCursor(self.files.paths[file], wanted, rows)
            except (pa.ArrowException, OSError) as error:
                raise self.files.unusable(self.files.paths[file], error) from error
            held = self._held[what] = (file, columns, cursor)
        return held[1], held[2]

    @cached_property
    def _held(self) -> dict[str, tuple[str, PictureColumns, ParquetCursor]]:
        """The file at hand for pictures and for texts; rows come file by file."""
        return {}
