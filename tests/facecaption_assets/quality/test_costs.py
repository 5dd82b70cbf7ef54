from collections.abc import Callable
from dataclasses import replace

import pytest

from facecaption_assets.quality.costs import StageTime, StyleTokens, count_costs
from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.storage import Storage

Home = Callable[..., Storage]


def test_time_is_that_of_the_shards_that_have_recorded_it(build_home: Home) -> None:
    storage = build_home(shards=2, pictures=8)
    table = storage.read_table("shard_plan", "drawn-00000")
    record = replace(storage.require_built("shard_plan", "drawn-00000"), wall_s=4.0, cpu_s=1.5)
    storage.commit(table, record)
    with open_tables(storage) as connection:
        stages = count_costs(connection, storage).stages
    assert stages == [StageTime("shard_plan", 2, 1, 8, 4.0, 1.5)]
    assert stages[0].ms_per_row == 500


def test_times_are_no_part_of_the_data(build_home: Home) -> None:
    storage = build_home(shards=1, pictures=8)
    before = storage.require_built("shard_plan", "drawn-00000")
    table = storage.read_table("shard_plan", "drawn-00000")
    after = storage.commit(table, replace(before, wall_s=9.0, cpu_s=9.0))
    assert after.data_version == before.data_version


def test_tokens_are_summed_by_style(build_home: Home) -> None:
    storage = build_home(shards=1, pictures=8)
    with open_tables(storage) as connection:
        [style] = count_costs(connection, storage).styles
    assert style == StyleTokens("normal", 5, 3, 10, 500, 100)
    assert style.tokens_per_rewritten == 200


def test_a_style_that_never_succeeded_has_no_price() -> None:
    assert StyleTokens("short", 4, 0, 12, 100, 10).tokens_per_rewritten is None


def test_stages_without_times_are_left_out(build_home: Home) -> None:
    storage = build_home(shards=1, pictures=8)
    with open_tables(storage) as connection:
        assert count_costs(connection, storage).stages == []
    assert StageTime("raw_shards", 1, 0, 0, 0.0, 0.0).ms_per_row == pytest.approx(0)
