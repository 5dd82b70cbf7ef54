from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from facecaption_assets.quality import gates
from facecaption_assets.quality.score_gates import rows_conserved_scores
from facecaption_assets.quality.statuses import STATUSES
from facecaption_assets.schema import TABLES

Tables = dict[str, pa.Table]


def judge(asset: str, tables: Tables) -> gates.Outcome:
    return {
        "shard_plan": lambda: gates.rows_conserved_plan(tables["shard_plan"], "drawn-00000"),
        "raw_shards": lambda: gates.rows_conserved_raw(tables["shard_plan"], tables["raw_shards"]),
        "face_crops": lambda: gates.rows_conserved_crops(
            tables["raw_shards"], tables["face_crops"]
        ),
        "image_scores": lambda: gates.rows_conserved_scores(
            tables["face_crops"], tables["image_scores"]
        ),
        "face_attributes": lambda: gates.rows_conserved_attributes(
            tables["face_crops"], tables["face_attributes"]
        ),
        "template_captions": lambda: gates.rows_conserved_templates(
            tables["face_attributes"], tables["template_captions"], 1
        ),
        "synthetic_captions": lambda: gates.rows_conserved_synthetic(
            tables["face_crops"], tables["synthetic_captions"], 2
        ),
        "llm_captions": lambda: gates.rows_conserved_llm(
            tables["template_captions"], tables["llm_captions"]
        ),
        "image_text_scores": lambda: rows_conserved_scores(tables, tables["image_text_scores"]),
    }[asset]()


ASSETS = tuple(STATUSES)


def with_value(table: pa.Table, row: int, column: str, value: Any) -> pa.Table:
    values = table[column].to_pylist()
    values[row] = value
    position = table.column_names.index(column)
    return table.set_column(
        position, table.schema.field(column), pa.array(values, table[column].type)
    )


@pytest.mark.parametrize("asset", ASSETS)
def test_a_complete_shard_conserves_its_rows(asset: str, tables: Tables) -> None:
    outcome = judge(asset, tables)
    assert outcome.passed, outcome.reason
    numbers = outcome.numbers
    assert numbers["rows_out"] == tables[asset].num_rows
    if asset != "shard_plan":
        assert numbers["kept"] + numbers["dropped"] == tables[asset].num_rows


def test_repaired_rows_are_kept_and_told(tables: Tables) -> None:
    outcome = judge("llm_captions", tables)
    assert "10 template captions = 4 accepted + 2 repaired + 4 fell back" in outcome.reason
    assert (outcome.numbers["repaired"], outcome.numbers["kept"]) == (2, 10)


@pytest.mark.parametrize("asset", ASSETS)
def test_nothing_from_nothing_conserves_its_rows(asset: str) -> None:
    assert judge(asset, {name: table.arrow.empty_table() for name, table in TABLES.items()}).passed


@pytest.mark.parametrize("asset", [asset for asset in ASSETS if asset != "shard_plan"])
def test_a_lost_row_fails(asset: str, tables: Tables) -> None:
    tables[asset] = tables[asset].slice(1)
    outcome = judge(asset, tables)
    assert not outcome.passed
    assert outcome.reason.startswith("1 ")


@pytest.mark.parametrize("asset", ASSETS)
def test_a_repeated_row_fails(asset: str, tables: Tables) -> None:
    tables[asset] = pa.concat_tables(
        [tables[asset], tables[asset].slice(tables[asset].num_rows - 1)]
    )
    assert not judge(asset, tables).passed


@pytest.mark.parametrize("asset", [asset for asset in ASSETS if asset != "shard_plan"])
def test_a_row_of_another_shard_fails(asset: str, tables: Tables) -> None:
    last = tables[asset].num_rows - 1
    for column in ("key", "face_id"):
        if column in tables[asset].column_names:
            tables[asset] = with_value(tables[asset], last, column, "other-00000-00000-0")
    assert not judge(asset, tables).passed


@pytest.mark.parametrize("asset", ASSETS)
def test_an_unknown_status_fails(asset: str, tables: Tables) -> None:
    tables[asset] = with_value(tables[asset], 0, "status", "lost")
    assert not judge(asset, tables).passed


def test_plan_of_another_shard_fails(tables: Tables) -> None:
    outcome = gates.rows_conserved_plan(tables["shard_plan"], "drawn-00001")
    assert not outcome.passed
    assert "16 rows are not numbered drawn-00001-00000" in outcome.reason


def test_plan_takes_the_shard_from_its_first_row(tables: Tables) -> None:
    assert gates.rows_conserved_plan(tables["shard_plan"]).passed
    assert not gates.rows_conserved_plan(tables["shard_plan"].slice(1)).passed


@pytest.mark.parametrize(
    ("row", "column", "value", "said"),
    [
        (0, "drop_reason", None, "1 dropped rows give no known reason"),
        (0, "drop_reason", "bad_luck", "1 dropped rows give no known reason"),
        (1, "drop_reason", "too_small", "1 kept rows give a reason"),
        (1, "face_id", None, "1 kept rows have no face_id"),
        (1, "face_id", "drawn-00000-00003-0", "1 face_ids occur more than once"),
    ],
)
def test_crops_without_a_clear_fate_fail(
    row: int, column: str, value: str | None, said: str, tables: Tables
) -> None:
    tables["face_crops"] = with_value(tables["face_crops"], row, column, value)
    outcome = judge("face_crops", tables)
    assert not outcome.passed
    assert said in outcome.reason


def test_templates_are_counted_per_face(tables: Tables) -> None:
    attributes, templates = tables["face_attributes"], tables["template_captions"]
    assert not gates.rows_conserved_templates(attributes, templates, 2).passed
    second = templates.set_column(
        templates.column_names.index("caption_index"),
        templates.schema.field("caption_index"),
        pc.add(templates["caption_index"], pa.scalar(1, pa.int16())),
    )
    both = pa.concat_tables([templates, second])
    assert gates.rows_conserved_templates(attributes, both, 2).passed


@pytest.mark.parametrize(("share", "passed"), [(0.0, True), (0.875, True), (0.9, False)])
def test_enough_pictures_is_inclusive(share: float, passed: bool, tables: Tables) -> None:
    outcome = gates.enough_pictures(tables["raw_shards"], share)
    assert outcome.passed is passed
    assert outcome.numbers == {"wanted": 16, "fetched": 14, "share": 0.875}


@pytest.mark.parametrize("asset", ["shard_plan", "raw_shards", "face_crops"])
def test_left_out_rows_are_counted_by_the_kind_of_their_entry(asset: str, tables: Tables) -> None:
    message = "on the opt-out list by domain"
    tables[asset] = with_value(tables[asset], 0, "error_message", message)
    assert judge(asset, tables).numbers["opted_out_by_domain"] == 1


def test_opted_out_pictures_are_not_wanted(tables: Tables) -> None:
    raw = with_value(tables["raw_shards"], 0, "status", "opted_out")
    assert gates.enough_pictures(raw, 0.9).numbers["wanted"] == 15


def test_a_shard_that_had_enough_pictures_has_enough_when_they_are_opted_out(
    tables: Tables,
) -> None:
    raw = tables["raw_shards"]
    for row, status in enumerate(raw["status"].to_pylist()):
        if status == "success":
            raw = with_value(raw, row, "status", "opted_out")
            assert gates.enough_pictures(raw, 0.875).passed


def test_a_shard_without_wanted_pictures_has_enough() -> None:
    assert gates.enough_pictures(TABLES["raw_shards"].arrow.empty_table(), 1.0).passed
