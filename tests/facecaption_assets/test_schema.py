import pyarrow as pa
import pytest

from facecaption_assets.attributes.vocabulary import ATTRIBUTES, GROUPS
from facecaption_assets.schema import FACE_ATTRIBUTES, PART_TABLES, SHARD_PLAN, TABLES


def test_every_attribute_is_in_exactly_one_group() -> None:
    grouped = [name for members in GROUPS.values() for name in members]
    assert sorted(grouped) == sorted(ATTRIBUTES)


def test_attribute_columns_are_nullable_because_unknown_is_not_false() -> None:
    schema = FACE_ATTRIBUTES.arrow
    assert all(schema.field(name).nullable for name in ATTRIBUTES)
    assert all(schema.field(name).type == pa.bool_() for name in ATTRIBUTES)


@pytest.mark.parametrize(
    "table", [*TABLES.values(), *PART_TABLES.values()], ids=lambda table: table.name
)
def test_every_column_says_what_it_means(table) -> None:
    assert table.row
    assert all(column.meaning for column in table.columns)


PLANNED = {
    "key": "a-00000-00000",
    "source": "a",
    "url": "file:///x.jpg",
    "split_group": "a-00000-00000",
    "status": "planned",
}


def test_rows_become_a_table_of_the_schema() -> None:
    assert SHARD_PLAN.from_rows([PLANNED]).schema == SHARD_PLAN.arrow
    assert SHARD_PLAN.from_rows([]).num_rows == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [({"colour": "red"}, "has no column"), ({"url": None}, "must not be null")],
)
def test_a_wrong_row_is_refused_by_name(change, message) -> None:
    with pytest.raises(ValueError, match=message):
        SHARD_PLAN.from_rows([PLANNED | change])
