"""Rows of a long table: found as a filter finds them, without reading all groups."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecaption_assets import long_tables
from facecaption_assets.long_table_search import rows_with
from facecaption_assets.long_tables import LongTableWriter


@settings(deadline=None, max_examples=40)
@given(
    ids=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50),
    wanted=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=9),
    picks=st.lists(st.integers(0, 49), max_size=9),
)
def test_rows_are_found_as_a_filter_of_the_whole_table_finds_them(
    tmp_path_factory, ids, wanted, picks
) -> None:
    path = tmp_path_factory.mktemp("long") / "a.parquet"
    wanted = [*wanted, *(ids[pick] for pick in picks if pick < len(ids))]
    # A nested column in front: columns of the file are not those of the table.
    schema = pa.schema([("box", pa.list_(pa.struct([("x", pa.int8()), ("y", pa.int8())])))])
    schema = schema.append(pa.field("id", pa.int64(), nullable=False))
    table = pa.table([[[{"x": 1, "y": 2}]] * len(ids), sorted(ids)], schema=schema)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_tables, "ROWS_PER_GROUP", 8)
        writer = LongTableWriter(path, schema)
        writer.append(table)
        writer.finish()
        writer.close({b"key": b"value"})
    with path.open("rb") as file:
        found = rows_with(file, "id", np.array(wanted, np.int64))
    expected = table.filter(np.isin(np.array(sorted(ids), np.int64), wanted))
    assert found.equals(expected)
    assert found.schema.metadata is None


def test_groups_without_a_wanted_row_are_not_read(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(long_tables, "ROWS_PER_GROUP", 10)
    table = pa.table({"id": np.arange(100)})
    writer = LongTableWriter(tmp_path / "a", table.schema)
    writer.append(table)
    writer.finish()
    writer.close({})
    groups = []
    whole = pq.ParquetFile.read_row_group

    def noting(self, group, **options):
        groups.append(group)
        return whole(self, group, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", noting)
    with (tmp_path / "a").open("rb") as file:
        found = rows_with(file, "id", np.array([55, 12, 55, 1000]))
    assert found["id"].to_pylist() == [12, 55]
    assert groups == [1, 5]
