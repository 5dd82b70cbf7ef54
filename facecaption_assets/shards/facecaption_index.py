"""FaceCaption-15M's rows, one per face → the same rows, sorted so that a picture's lie together.

The order is that of the MD5 of the picture's name: it is the same on every machine, a picture is
found by bisection, and the hosts of the web are mixed, which spreads a download over them.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from facecaption_assets.shards.facecaption_rows import split_urls

#: What the picture of a face without a URL is called, before the face's id.
NO_URL: Final = "facecaption:"

_DIGEST: Final = "picture_digest"
_NAME: Final = "picture_name"
_ROW: Final = "picture_row"
_OWN: Final = (_DIGEST, _NAME, _ROW)

_BATCH_ROWS: Final = 8192
_READ_BUFFER: Final = 1 << 18
_MEMORY: Final = "512MB"


def write_index(files: list[Path], index: Path) -> None:
    """Sort the rows of the files, on disk where memory does not do.

    Raises:
        ValueError: If a file has no column ``url``, or other columns than the first.
        pyarrow.ArrowException: If a file is no Parquet file, or is damaged.
        duckdb.Error: If the rows cannot be sorted, for want of disk for example.
    """
    schema = _schema(files)
    rows = pa.RecordBatchReader.from_batches(schema, _named_rows(files, schema))
    with duckdb.connect() as connection:
        connection.execute("SET memory_limit = ?", [_MEMORY])
        connection.execute("SET temp_directory = ?", [str(index.parent / "spilled")])
        connection.execute("SET threads = 2")
        connection.register("faces", rows)
        target = str(index).replace("'", "''")
        connection.execute(
            f"COPY (SELECT * FROM faces ORDER BY {_DIGEST}, {_ROW}) TO '{target}' "
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_BATCH_ROWS})"
        )


def _schema(files: list[Path]) -> pa.Schema:
    first: pa.Schema | None = None
    for path in files:
        with path.open("rb") as opened:
            found = pq.read_schema(opened).remove_metadata()
        if "url" not in found.names:
            raise ValueError(f"{path} has no column url; it has {', '.join(found.names)}")
        first = first if first is not None else found
        if not found.equals(first):
            raise ValueError(f"{path} has other columns than {files[0]}")
    own = [pa.field(_DIGEST, pa.string()), pa.field(_NAME, pa.string()), pa.field(_ROW, pa.int64())]
    return pa.schema([*own, *(first or [])])


def _named_rows(files: list[Path], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    start = 0
    for path in files:
        parquet = pq.ParquetFile(path, buffer_size=_READ_BUFFER, pre_buffer=False)
        for batch in parquet.iter_batches(_BATCH_ROWS, use_threads=False):
            numbers = range(start, start + batch.num_rows)
            ids = batch.column("_id").to_pylist() if "_id" in batch.schema.names else numbers
            urls = batch.column("url").to_pylist()
            names = [_name(u, i, n) for u, i, n in zip(urls, ids, numbers, strict=True)]
            own = [pa.array([_digest(name) for name in names]), pa.array(names), pa.array(numbers)]
            yield pa.RecordBatch.from_arrays([*own, *batch.columns], schema=schema)
            start += batch.num_rows


def _name(url: Any, face_id: Any, row: int) -> str:
    urls = split_urls(url)
    return urls[0] if urls else f"{NO_URL}{row if face_id is None else face_id}"


def _digest(name: str) -> str:
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


class FaceIndex:
    """An index that ``write_index`` wrote; one row group of it is held."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path)
        self._groups: dict[int, pa.Table] = {}

    def names(self) -> Iterator[str]:
        """Names of the pictures, each once: URLs, or ``facecaption:ID`` where there is none."""
        last = None
        for batch in self._file.iter_batches(_BATCH_ROWS, columns=[_NAME], use_threads=False):
            for name in batch.column(_NAME).to_pylist():
                if name != last:
                    yield name
                last = name

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The faces of a picture, in the order of the files; none if it is not there."""
        digest = _digest(name)
        firsts, lasts = self._bounds
        found: list[dict[str, Any]] = []
        for group in range(bisect_left(lasts, digest), len(lasts)):
            if firsts[group] > digest:
                break
            table = self._read(group)
            found += table.filter(pc.equal(table[_DIGEST], digest)).drop_columns(_OWN).to_pylist()
        return found

    @cached_property
    def _bounds(self) -> tuple[list[str], list[str]]:
        """The first and the last digest of each row group."""
        metadata = self._file.metadata
        groups = range(metadata.num_row_groups)
        statistics = [metadata.row_group(group).column(0).statistics for group in groups]
        return [s.min for s in statistics], [s.max for s in statistics]

    def _read(self, group: int) -> pa.Table:
        if group not in self._groups:
            self._groups.clear()
            self._groups[group] = self._file.read_row_group(group, use_threads=False)
        return self._groups[group]
