import pytest

from facecaption_assets.quality.statuses import STATUSES
from facecaption_assets.shards.downloading.ledger import Record
from facecaption_assets.shards.downloading.retrying import (
    FINAL,
    JUDGED,
    RESERVED,
    rows_worth_another_try,
    worth_another_try,
)
from facecaption_assets.shards.downloading.settings import DownloadSettings

FAILURES = [status for status in STATUSES["raw_shards"] if status != "success"]


def worth(status: str, attempts: int = 1, identity: str = "now", **settings) -> bool:
    record = Record("k", "u", status, "now", fields={"attempts": attempts})
    return worth_another_try(record, DownloadSettings(**settings), identity)


@pytest.mark.parametrize("status", FAILURES)
def test_a_failure_is_worth_another_try_unless_it_is_final_or_our_own(status) -> None:
    assert worth(status) == (status not in FINAL | RESERVED | JUDGED)
    assert not worth(status, attempts=5, max_attempts=5)


@pytest.mark.parametrize("status", FAILURES)
def test_changed_settings_give_all_but_the_final_another_try(status) -> None:
    assert worth(status, attempts=9, identity="other") == (status not in FINAL | RESERVED)


def test_robots_hold_for_as_long_as_they_are_respected() -> None:
    assert worth("robots_tag", respect_robots=False)


def test_a_ledger_tells_how_many_rows_are_worth_it(server, shard) -> None:
    urls = [server.base + path for path in ("/ok/a.jpg", "/404", "/500", "/html")]
    shard.download(urls)
    settings = DownloadSettings()
    assert rows_worth_another_try(shard.table, settings, settings_changed=False).num_rows == 1
    assert rows_worth_another_try(shard.table, settings, settings_changed=True).num_rows == 2
