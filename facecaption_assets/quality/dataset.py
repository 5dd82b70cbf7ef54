"""The whole dataset as DuckDB views: one per table, over every committed partition.

A table of which no partition is built is an empty view, so that a query never has to ask what is
there. What is asked of the views belongs to ``funnel`` and the report's sections.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import duckdb

from facecaption_assets.schema import DATASET_TABLES, TABLES
from facecaption_assets.storage import Storage

_VIEWS: Final = TABLES | DATASET_TABLES


@contextmanager
def open_tables(storage: Storage) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with one view per table of the schema, named like the asset."""
    with duckdb.connect() as connection:
        if not storage.is_local:
            connection.register_filesystem(storage.root.fs)
        for asset in _VIEWS:
            _create_view(connection, storage, asset)
        yield connection


def _create_view(connection: duckdb.DuckDBPyConnection, storage: Storage, asset: str) -> None:
    partitions = storage.partitions(asset)
    if not partitions:
        connection.register(asset, _VIEWS[asset].arrow.empty_table())
        return
    names = [parquet_file(storage, asset, partition) for partition in partitions]
    connection.read_parquet(names, union_by_name=True).create_view(asset)


def parquet_file(storage: Storage, asset: str, partition: str) -> str:
    """A partition's table as DuckDB is told of it."""
    path = storage.table_path(asset, partition)
    return path.path if storage.is_local else str(path)
