"""What the ledgers say of link rot, per source of URLs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facecaption_assets.models import ModelStore
from facecaption_assets.provenance import Provenance
from facecaption_assets.quality.dataset import open_tables
from facecaption_assets.quality.link_rot import (
    FailingHost,
    Failures,
    LinkRot,
    Prospect,
    count_link_rot,
    prospect_of,
)
from facecaption_assets.quality.report import build_report, stage_identity
from facecaption_assets.quality.settings import QualitySettings
from facecaption_assets.quality.text_settings import TextSettings
from facecaption_assets.schema import RAW_SHARDS
from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.storage import Storage

Ledger = Callable[..., None]
SETTINGS = DownloadSettings(max_attempts=3)
TEXTS = TextSettings(nouns="")
NO_MODELS = ModelStore(Path("absent"), entries={})


@pytest.fixture
def ledger(storage: Storage) -> Ledger:
    """Commits a shard's ledger of the given rows: URL, status and other columns."""

    def commit(shard: str, *rows: tuple[str, str, dict[str, Any]]) -> None:
        table = RAW_SHARDS.from_rows(
            [
                {"key": (key := f"{shard}-{row:05d}"), "split_group": key, "url": url}
                | {"status": status, **more}
                for row, (url, status, more) in enumerate(rows)
            ]
        )
        storage.commit(table, Provenance("raw_shards", shard, "code"))

    return commit


def failed(status: str, code: int | None = None, attempts: int = 1) -> tuple[str, dict[str, Any]]:
    error_class = f"http_{code}" if code else status
    more = {"error_class": error_class, "http_status": code, "attempts": attempts}
    return status, more


def fetched(url: str, final: str | None = None) -> tuple[str, str, dict[str, Any]]:
    more = {"num_bytes": 500, "http_status": 200, "attempts": 1, "final_url": final or url}
    return url, "success", more


def count(storage: Storage) -> list[LinkRot]:
    with open_tables(storage) as connection:
        return count_link_rot(connection, SETTINGS)


def test_each_source_of_urls_is_counted_over_its_shards(storage, ledger) -> None:
    ledger("web-2024-00000", fetched("https://a.example/1.jpg"))
    ledger(
        "web-2024-00001",
        ("https://a.example/2.jpg", *failed("missing", 404)),
        ("https://b.example/3.jpg", *failed("server_error", 500)),
        ("https://b.example/4.jpg", *failed("server_error", 500, attempts=3)),
        ("https://a.example/5.jpg", "opted_out", {}),
        ("https://c.example/6.jpg", *failed("not_an_image")),
    )
    ledger("other-00000", fetched("http://d.example/1.jpg"))
    ledger("mine-00000", ("file:///a.jpg", "missing", {}))
    other, web = count(storage)
    assert (other.source, other.success_share, other.failures) == ("other", 1.0, [])
    assert (web.source, web.planned, web.opted_out, web.asked) == ("web-2024", 6, 1, 5)
    assert (web.fetched, web.success_share, web.num_bytes, web.hosts) == (1, 0.2, 500, 3)
    assert {prospect: web.of(prospect) for prospect in Prospect} == dict.fromkeys(Prospect, 1)
    assert web.failures[0].urls == 1
    assert Failures("missing", "http_404", 404, Prospect.GONE, 1) in web.failures
    assert web.failing_hosts == [
        FailingHost("b.example", 2, 2),
        FailingHost("a.example", 1, 2),
        FailingHost("c.example", 1, 1),
    ]


@pytest.mark.parametrize(
    ("url", "final", "is_redirected"),
    [
        ("http://a.example/1.jpg", "https://a.example/1.jpg", True),
        ("http://a.example/1.jpg", "http://b.example/1.jpg", True),
        ("http://A.example", "http://a.example/", False),
        ("http://a.example/ü b.jpg", "http://a.example/%C3%BC%20b.jpg", False),
        ("http://a.example/?q=a b", "http://a.example/?q=a+b", False),
        ("http://a.example/%E9.jpg", "http://a.example/%E9.jpg", False),
        ("http://a.example/%u00e9.jpg", "http://a.example/%25u00e9.jpg", False),
    ],
)
def test_a_url_that_was_only_quoted_anew_was_not_redirected(
    storage, ledger, url, final, is_redirected
) -> None:
    ledger("web-00000", fetched(url, final), fetched("http://a.example/%E9", "http://a.example/"))
    (web,) = count(storage)
    assert web.redirected - 1 == is_redirected


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://name:secret@a.example:8443/x", "a.example"),
        ("HTTP://A.Example?x=@y", "a.example"),
        ("http://[2001:db8::1]:80/x", "[2001:db8::1]"),
    ],
)
def test_a_host_is_named_without_what_is_around_it(storage, ledger, url, host) -> None:
    ledger("web-00000", (url, *failed("denied", 403)), fetched("http://b.example/"))
    (web,) = count(storage)
    assert web.failing_hosts == [FailingHost(host, 1, 1)]


def test_no_more_than_ten_hosts_are_named(storage, ledger) -> None:
    rows = [(f"http://{n:02d}.example/", *failed("missing", 404)) for n in range(12)]
    ledger("web-00000", *rows, ("http://11.example/again", *failed("missing", 404)))
    (web,) = count(storage)
    assert [host.host[:2] for host in web.failing_hosts] == ["11", *(f"{n:02d}" for n in range(9))]


def test_robots_are_obeyed_for_good_unless_the_settings_say_otherwise() -> None:
    assert prospect_of("robots_tag", 1, SETTINGS) is Prospect.GONE
    rude = DownloadSettings(respect_robots=False)
    assert prospect_of("robots_tag", 1, rude) is Prospect.WORTH_ANOTHER_TRY


def test_a_dataset_without_urls_has_no_section(storage, ledger) -> None:
    ledger("mine-00000", ("file:///a.jpg", "missing", {}))
    assert count(storage) == []
    paths = build_report(storage, QualitySettings(), SETTINGS, TEXTS, NO_MODELS)
    assert 'id="links"' not in paths.report.read_text(encoding="utf-8")
    assert json.loads(paths.numbers.read_text(encoding="utf-8"))["link_rot"] == []


def test_the_report_shows_a_source_and_names_the_command(storage, ledger) -> None:
    bad = "http://<b>.example/x"
    ledger("web-00000", fetched("http://a.example/"), (bad, *failed("rate_limited", 429)))
    storage.commit(RAW_SHARDS.arrow.empty_table(), Provenance("raw_shards", "empty-00000", "code"))
    paths = build_report(storage, QualitySettings(), SETTINGS, TEXTS, NO_MODELS)
    html = paths.report.read_text(encoding="utf-8")
    assert "1 of 2 URLs gave a picture, 500 bytes in" in html
    assert "facecaption retry-failed web" in html
    assert "&lt;b&gt;.example" in html
    (web,) = json.loads(paths.numbers.read_text(encoding="utf-8"))["link_rot"]
    assert web["success_share"] == 0.5
    assert web["prospects"]["worth_another_try"] == 1
    assert web["failures"][0]["prospect"] == "worth_another_try"


def test_what_makes_a_try_worth_it_is_part_of_the_reports_version() -> None:
    one, other = (
        stage_identity(QualitySettings(), downloading, TEXTS, NO_MODELS)
        for downloading in (SETTINGS, DownloadSettings())
    )
    assert one != other
