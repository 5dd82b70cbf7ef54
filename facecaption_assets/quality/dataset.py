"""The whole dataset as DuckDB views: one per table, over every committed partition.

A table of which no partition is built is an empty view, so that a query never has to ask what is
there. What is asked of the views belongs to ``funnel`` and the report's sections.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from facecaption_assets.schema import TABLES
from facecaption_assets.storage import Storage


@contextmanager
def open_tables(storage: Storage) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with one view per table of the schema, named like the asset."""
    with duckdb.connect() as connection:
        if not storage.is_local:
            connection.register_filesystem(storage.root.fs)
        for asset in TABLES:
            _create_view(connection, storage, asset)
        yield connection


def _create_view(connection: duckdb.DuckDBPyConnection, storage: Storage, asset: str) -> None:
    partitions = storage.partitions(asset)
    if not partitions:
        connection.register(asset, TABLES[asset].arrow.empty_table())
        return
    paths = [storage.table_path(asset, partition) for partition in partitions]
    names = [path.path if storage.is_local else str(path) for path in paths]
    connection.read_parquet(names, union_by_name=True).create_view(asset)
