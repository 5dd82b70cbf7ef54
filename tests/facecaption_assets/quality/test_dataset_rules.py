from collections.abc import Callable
from typing import Any

import pytest

from facecaption_assets.provenance import Provenance
from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.dataset_rules import (
    CHAIN,
    IDS,
    Fault,
    ids_unique,
    judge,
    numbers_finite,
    references_intact,
    rows_conserved,
    split_groups_agree,
    versions_agree,
)
from facecaption_assets.schema import TABLES
from facecaption_assets.storage import Storage
from tests.changed_tables import rewritten

FIRST, SECOND = "drawn-00000", "drawn-00001"

Change = Callable[[dict[str, Any]], dict[str, Any] | None]


def rewrite(storage: Storage, asset: str, shard: str, change: Change, code: str = "test") -> None:
    """Commit a table again; rows for which the change gives None are lost."""
    table = rewritten(storage.read_table(asset, shard), change)
    storage.commit(table, Provenance(asset, shard, code))


def every_fault(storage: Storage) -> list[Fault]:
    with open_tables(storage) as connection:
        return [
            *ids_unique(connection),
            *references_intact(connection),
            *rows_conserved(connection, storage),
            *split_groups_agree(connection),
            *numbers_finite(connection),
            *versions_agree(storage),
        ]


def test_a_dataset_that_the_stages_made_has_no_fault(build_home) -> None:
    assert every_fault(build_home()) == []


def test_an_empty_data_root_has_no_fault(storage: Storage) -> None:
    assert every_fault(storage) == []


def test_a_face_of_one_shard_that_is_also_in_another_is_found(build_home) -> None:
    storage = build_home()

    def rename(row: dict[str, Any]) -> dict[str, Any]:
        is_first = row["face_id"] == f"{SECOND}-00004-0"
        return row | ({"face_id": f"{FIRST}-00004-0"} if is_first else {})

    rewrite(storage, "face_attributes", SECOND, rename)
    with open_tables(storage) as connection:
        assert ids_unique(connection) == [
            Fault("face_attributes", "have an id that occurs more than once", 2, f"{FIRST}-00004-0")
        ]


@pytest.mark.parametrize("edge", CHAIN, ids=lambda edge: f"{edge.parent} to {edge.child}")
def test_a_row_that_a_stage_loses_is_found(edge, build_home) -> None:
    storage = build_home()
    lost = f"{FIRST}-00005"
    rewrite(storage, edge.child, FIRST, lambda row: None if row["key"] == lost else row)
    with open_tables(storage) as connection:
        [fault] = [f for f in rows_conserved(connection, storage) if f.table == edge.parent]
    assert fault.what == f"have no row in {edge.child}"
    assert (fault.rows, fault.example.removesuffix("-0")) == (1, lost)


@pytest.mark.parametrize("edge", CHAIN, ids=lambda edge: f"{edge.parent} to {edge.child}")
def test_a_row_that_comes_from_nowhere_is_found(edge, build_home) -> None:
    storage = build_home()
    gone = f"{FIRST}-00005"
    rewrite(storage, edge.parent, FIRST, lambda row: None if row["key"] == gone else row)
    with open_tables(storage) as connection:
        faults = [f for f in references_intact(connection) if f.table == edge.child]
    assert [f.what for f in faults] == [f"belong to nothing that {edge.parent} has kept"]


def test_a_stage_that_a_shard_has_not_reached_has_lost_nothing(build_home) -> None:
    storage = build_home()
    for asset in ("llm_captions", "template_captions", "face_attributes"):
        storage.table_path(asset, SECOND).unlink()
    assert every_fault(storage) == []


def test_a_picture_that_changes_its_split_group_is_found(build_home) -> None:
    storage = build_home()
    moved = f"{FIRST}-00005"

    def move(row: dict[str, Any]) -> dict[str, Any]:
        return row | ({"split_group": "somebody"} if row["key"] == moved else {})

    rewrite(storage, "face_attributes", FIRST, move)
    with open_tables(storage) as connection:
        assert split_groups_agree(connection) == [
            Fault("face_attributes", "have another split group than planned", 1, moved)
        ]


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_none_is_found(odd: float, build_home) -> None:
    storage = build_home()
    rewrite(storage, "face_attributes", SECOND, lambda row: row | {"Young_prob": odd})
    with open_tables(storage) as connection:
        [fault] = numbers_finite(connection)
    assert (fault.table, fault.example) == ("face_attributes", "Young_prob")
    assert fault.rows == storage.read_table("face_attributes", SECOND).num_rows


def test_shards_of_different_code_are_told(build_home) -> None:
    storage = build_home(shards=3)
    rewrite(storage, "face_crops", SECOND, lambda row: row, "newer")
    [fault] = versions_agree(storage)
    assert judge([fault], "").reason == (
        "face_crops: 1 of 3 shards have the rarest of 2 code versions, such as drawn-00001."
    )


def test_every_table_with_rows_of_pictures_has_ids() -> None:
    with_keys = {name for name, table in TABLES.items() if "key" in table.arrow.names}
    assert with_keys == set(IDS)


def test_what_was_found_is_said_and_counted() -> None:
    faults = [Fault("raw_shards", "are odd", 3, "a"), Fault("face_crops", "are even", 2, "b")]
    outcome = judge(faults, "All is well.")
    assert not outcome.passed
    assert outcome.reason == "raw_shards: 3 are odd, such as a; face_crops: 2 are even, such as b."
    assert outcome.numbers == {"rows_at_fault": 5}
    assert judge([], "All is well.").reason == "All is well."
