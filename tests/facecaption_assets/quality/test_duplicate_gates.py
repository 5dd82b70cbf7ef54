from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facecaption_assets.provenance import PROVENANCE_KEY
from facecaption_assets.quality.duplicate_gates import (
    copies_have_a_kept_face,
    rows_conserved_duplicates,
)
from facecaption_assets.quality.duplicate_settings import DuplicateSettings
from facecaption_assets.quality.duplicates import build_duplicates
from facecaption_assets.storage import Storage

SETTINGS = DuplicateSettings()


@pytest.fixture
def searched(build_home) -> Storage:
    """Two shards with equal crops: each of the six kept faces is there twice."""
    storage: Storage = build_home(shards=2, pictures=8)
    build_duplicates(storage, SETTINGS, "v1")
    return storage


def spoil(storage: Storage, column: str, value: Any) -> None:
    """Change a column of the first dropped face."""
    path = storage.table_path("duplicate_faces", "all").path
    record = pq.read_metadata(path).metadata[PROVENANCE_KEY]
    table = pq.read_table(path)
    rows = table.to_pylist()
    row = next(row for row in rows if not row["is_kept"])
    row[column] = value
    spoilt = pa.Table.from_pylist(rows, schema=table.schema)
    pq.write_table(spoilt.replace_schema_metadata({PROVENANCE_KEY: record}), path)


def test_what_was_found_holds(searched) -> None:
    conserved = rows_conserved_duplicates(searched)
    assert conserved.passed
    assert conserved.reason == "12 faces = 6 kept + 6 dropped."
    near = copies_have_a_kept_face(searched, SETTINGS)
    assert near.passed
    assert near.reason == "6 dropped faces belong to 6 kept ones."


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("group_id", "nobody", "1 dropped faces have no kept one"),
        ("distance", 21, "1 dropped faces are more than long_bits = 20 away"),
        ("reason", "hunch", "1 dropped faces give no known reason"),
        ("reason", None, "1 dropped faces give no known reason"),
    ],
)
def test_a_dropped_face_needs_a_kept_one_nearby(searched, column, value, reason) -> None:
    spoil(searched, column, value)
    outcome = copies_have_a_kept_face(searched, SETTINGS)
    assert not outcome.passed
    assert outcome.reason == reason


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("is_kept", True, "12 kept crops came in, 6 stay and 5 are dropped"),
        ("face_id", "drawn-00000-00002-0", "1 faces occur more than once"),
    ],
)
def test_a_face_is_kept_or_dropped_once(searched, column, value, reason) -> None:
    spoil(searched, column, value)
    outcome = rows_conserved_duplicates(searched)
    assert not outcome.passed
    assert outcome.reason == reason
