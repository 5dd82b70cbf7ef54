import json
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecaption_assets import long_tables
from facecaption_assets.long_tables import LongTableWriter
from facecaption_assets.provenance import PROVENANCE_KEY, Provenance
from facecaption_assets.schema import LAION_FACE_METADATA, LANDMARKS
from facecaption_assets.storage import Storage

SCHEMA = pa.schema(
    [("id", pa.int64()), ("text", pa.string()), ("flag", pa.bool_()), ("points", LANDMARKS)]
)


def rows(number: int) -> pa.Table:
    texts = [None if i % 7 == 3 else "é" * (i % 5) for i in range(number)]
    flags = pa.array([i % 3 == 0 for i in range(number)])
    points = pa.array(np.arange(10.0 * number).reshape(number, 5, 2).tolist(), LANDMARKS)
    return pa.table([np.arange(number), texts, flags, points], schema=SCHEMA)


def write(path, table: pa.Table, cuts: list[int]) -> str:
    writer = LongTableWriter(path, SCHEMA)
    edges = [0, *sorted(cuts), table.num_rows]
    for start, end in pairwise(edges):
        writer.append(table.slice(start, end - start))
    version = writer.finish()
    writer.close({})
    return version


@settings(deadline=None, max_examples=40)
@given(number=st.integers(0, 60), cuts=st.lists(st.integers(0, 60), max_size=6))
def test_version_and_file_do_not_depend_on_the_portions(tmp_path_factory, number, cuts) -> None:
    folder = tmp_path_factory.mktemp("long")
    table = rows(number)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_tables, "ROWS_PER_GROUP", 16)
        whole = write(folder / "a.parquet", table, [])
        parts = write(folder / "b.parquet", table, [min(cut, number) for cut in cuts])
    assert whole == parts
    assert (folder / "a.parquet").read_bytes() == (folder / "b.parquet").read_bytes()
    read = pq.ParquetFile(folder / "b.parquet")
    assert read.read().equals(table)
    sizes = [read.metadata.row_group(i).num_rows for i in range(read.metadata.num_row_groups)]
    assert sizes == [16] * (number // 16) + [number % 16] * bool(number % 16)


def test_other_rows_have_another_version(tmp_path) -> None:
    assert write(tmp_path / "a", rows(5), []) != write(tmp_path / "b", rows(6), [])


def test_rows_of_another_schema_are_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="are not the schema's"):
        LongTableWriter(tmp_path / "a", SCHEMA).append(pa.table({"id": [1]}))


def test_a_long_partition_is_committed_with_its_provenance(tmp_path) -> None:
    storage = Storage(str(tmp_path / "home"))
    table = LAION_FACE_METADATA.from_rows([{"sample_id": 5, "status": "dropped"}])
    with storage.staging("laion_face_metadata", "03") as folder:
        writer = LongTableWriter(folder / "table.parquet", LAION_FACE_METADATA.arrow)
        writer.append(table)
        stored = storage.commit_long(writer, Provenance("laion_face_metadata", "03", "code"))
    assert stored.rows == 1
    assert storage.read_provenance("laion_face_metadata", "03") == stored
    assert storage.read_table("laion_face_metadata", "03").equals(table)
    path = storage.table_path("laion_face_metadata", "03")
    assert json.loads(pq.read_metadata(path.path).metadata[PROVENANCE_KEY])["data_version"]
