from typing import Any

import pyarrow as pa
import pytest

from facecaption_assets.quality import failing_rows as failing_rows_module
from facecaption_assets.quality.advice import advice
from facecaption_assets.quality.aggregates import validate_relation
from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.dataset_suites import hold_dataset, table_suites
from facecaption_assets.quality.expectations import SuiteResult
from facecaption_assets.quality.failing_rows import FailedExpectation, failing_rows_of_table
from facecaption_assets.quality.gate_page import gate_page, write_gate_page
from facecaption_assets.quality.suites import attribute_expectations, caption_expectations
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.storage import Storage
from tests.changed_tables import counted, rewritten

SHARD = "drawn-00000"


def broken_captions(tables: dict[str, pa.Table]) -> tuple[pa.Table, SuiteResult]:
    """Two captions with a negation, one of them hostile."""

    def negate(row: dict[str, Any]) -> dict[str, Any]:
        said = {"00004": "She has no beard.", "00005": "He has no <script>alert(1)</script> hat."}
        return row | {"caption": said.get(row["key"][-5:], row["caption"])}

    table = rewritten(tables["llm_captions"], negate)
    return table, counted(table, caption_expectations())


def found(tables: dict[str, pa.Table]) -> list[FailedExpectation]:
    table, result = broken_captions(tables)
    return failing_rows_of_table(table, caption_expectations(), result)


def test_rows_that_broke_an_expectation_are_named_by_their_ids(tables) -> None:
    negations = found(tables)[-1]
    assert negations.expectation == "expect_column_values_to_not_match_regex"
    assert negations.columns == ["face_id", "key", "caption_index", "caption"]
    assert negations.broken == 2
    assert [row[0] for row in negations.rows] == [f"{SHARD}-00004-0", f"{SHARD}-00005-0"]
    assert negations.rows[0][-1] == "She has no beard."
    assert "max_words" in negations.advice


def test_only_the_rule_that_failed_is_told_of_several_on_a_column(tables) -> None:
    patterns = {rule.limit for rule in found(tables)}
    assert len(patterns) == 2  # the negations, and the markup of one of them


def test_many_rows_are_cut_and_counted(tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failing_rows_module, "MAX_ROWS", 3)
    table = rewritten(tables["face_attributes"], lambda row: row | {"num_positive": 41})
    suite = attribute_expectations()
    [failed] = failing_rows_of_table(table, suite, counted(table, suite))
    assert (failed.broken, len(failed.rows)) == (table.num_rows, 3)
    assert failed.limit == "min_value 0, max_value 40"


def test_a_repeated_face_is_shown_as_often_as_it_occurs(tables) -> None:
    table = pa.concat_tables([tables["face_attributes"], tables["face_attributes"].slice(0, 1)])
    suite = attribute_expectations()
    [failed] = failing_rows_of_table(table, suite, counted(table, suite))
    assert failed.broken == 2
    assert {row[0] for row in failed.rows} == {table["face_id"][0].as_py()}


def test_the_page_says_what_to_change_and_escapes_what_it_shows(tables, storage: Storage) -> None:
    path = write_gate_page(storage, "llm_captions", SHARD, "captions_well_formed", found(tables))
    assert path is not None
    assert path == storage.reports / str(gate_page("llm_captions", SHARD))
    page = path.read_text()
    assert "She has no beard." in page and f"{SHARD}-00004-0" in page
    assert "[rewriting] max_words" in page
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    assert "<img" not in page


def test_the_page_goes_away_when_the_check_passes(tables, storage: Storage) -> None:
    path = write_gate_page(storage, "llm_captions", SHARD, "captions_well_formed", found(tables))
    assert write_gate_page(storage, "llm_captions", SHARD, "captions_well_formed", []) is None
    assert path is not None and not path.exists()


def test_every_expectation_has_an_advice() -> None:
    suites = table_suites(RewriteSettings()).values()
    told = {rule.type: advice(rule) for suite in suites for rule in suite}
    assert all(told.values())
    fallbacks = [r for r in caption_expectations() if "not_be_in_set" in r.type]
    assert [advice(rule).split()[0] for rule in fallbacks] == ["[rewriting]"]


def test_tables_of_all_shards_are_held_and_each_that_fails_has_a_page(build_home) -> None:
    storage = build_home()
    suites = table_suites(RewriteSettings())
    with open_tables(storage) as connection:
        connection.execute(
            "CREATE OR REPLACE VIEW face_attributes AS "
            f"SELECT * REPLACE (2.0 AS Young_prob) FROM ({_view(connection)})"
        )
        results = hold_dataset(connection, storage, suites, "quality_report", "well_formed")
        again = validate_relation(connection, "face_attributes", suites["face_attributes"])
    assert [table for table, result in results.items() if not result.passed] == ["face_attributes"]
    assert again == results["face_attributes"]
    pages = [path.name for path in (storage.reports / "gates" / "quality_report").iterdir()]
    assert pages == ["face_attributes.html"]


def _view(connection) -> str:
    connection.execute("CREATE TABLE held AS FROM face_attributes")
    return "FROM held"
