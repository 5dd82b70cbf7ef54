import dataclasses
import io

import pytest
from PIL import Image

from facecaption_assets.shards.downloading.settings import DownloadSettings
from facecaption_assets.shards.opt_out import OptOut
from facecaption_assets.shards.perceptual_hash import hash_bytes
from tests.fault_server import DRAWING, jpeg_of

PATHS = ("/ok/0.jpg", "/404", "/500", "/html", "/noai", "/ok/5.jpg")


def statuses(rows) -> list[str]:
    return [row["status"] for row in rows]


@pytest.fixture
def urls(server) -> list[str]:
    return [server.base + path for path in PATHS]


def test_only_what_is_worth_it_is_asked_for_again(server, shard, urls) -> None:
    first = shard.download(urls)
    pictures = shard.pictures()
    second = shard.download(urls, again=True)
    assert {path: server.asked[path] for path in PATHS} == dict.fromkeys(PATHS, 1) | {"/500": 2}
    assert statuses(second) == statuses(first)
    assert [row["attempts"] for row in second] == [1, 1, 2, 1, 1, 1]
    assert shard.pictures() == pictures


def test_a_url_is_not_tried_more_often_than_it_may_be(server, shard, urls) -> None:
    shard.download(urls, max_attempts=3)
    for _ in range(4):
        shard.download(urls, max_attempts=3, again=True)
    assert server.asked["/500"] == 3


def test_other_settings_judge_again_without_asking_for_what_is_there(server, shard, urls) -> None:
    shard.download(urls)
    rows = shard.download(urls, again=True, changed=True, max_bytes=400)
    assert statuses(rows)[0] == "too_large" or len(jpeg_of("/ok/0.jpg")) <= 400
    assert server.asked["/ok/0.jpg"] == 1
    assert (server.asked["/html"], server.asked["/404"], server.asked["/noai"]) == (2, 1, 1)


def test_tries_under_other_settings_count_although_the_shard_was_not_committed(
    server, shard
) -> None:
    url = f"{server.base}/500"
    for run in range(3):
        shard.download([url], again=run > 0)
    committed = shard.table, shard.tar
    for _ in range(4):
        # The spool is found as a process that was killed before its commit left it.
        (shard.table, shard.tar), shard.runs = committed, 9
        shard.download([url], again=True, changed=True, max_bytes=500_000, max_attempts=2)
    assert server.asked["/500"] == 3 + 2


def test_robots_are_asked_again_only_when_they_are_to_be_ignored(server, shard, urls) -> None:
    shard.download(urls)
    rows = shard.download(urls, again=True, changed=True, respect_robots=False)
    assert rows[4]["status"] == "success"


def test_the_same_bytes_make_the_same_shard(server, shard) -> None:
    urls = [f"{server.base}/ok/{i}.jpg" for i in range(40)]
    shard.download(urls)
    first = shard.tar.read_bytes()
    shard.download(urls)
    assert shard.tar.read_bytes() == first


def test_a_row_whose_url_changed_is_fetched(server, shard, urls) -> None:
    shard.download(urls)
    shard.download([f"{server.base}/ok/other.jpg", *urls[1:]], again=True)
    assert server.asked["/ok/other.jpg"] == 1
    assert next(iter(shard.pictures().values())) == jpeg_of("/ok/other.jpg")


def test_urls_on_the_opt_out_list_are_not_asked_for(server, shard, urls) -> None:
    rows = shard.download(urls, opt_out=OptOut.of(urls[0]))
    assert statuses(rows)[0] == "opted_out"
    assert server.asked["/ok/0.jpg"] == 0


def test_redirects_to_the_list_are_not_followed(server, shard) -> None:
    listed = OptOut.of(f"{server.base}/ok/target.jpg")
    for again in (False, True):
        row = shard.download([f"{server.base}/to_ok"], opt_out=listed, again=again)[0]
        assert row["status"] == "opted_out"
        assert row["error_message"].startswith("on the opt-out list by url")
    assert (server.asked["/ok/target.jpg"], server.asked["/to_ok"]) == (0, 1)


def test_what_is_listed_later_leaves_the_shard_and_may_come_back(server, shard, urls) -> None:
    digest = shard.download(urls)[0]["sha256"]
    for _ in range(2):
        rows = shard.download(urls, again=True, opt_out=OptOut.of(digest))
        assert statuses(rows)[0] == "opted_out"
        assert rows[0]["key"] not in shard.pictures()
    assert server.asked["/ok/0.jpg"] == 1
    assert statuses(shard.download(urls, again=True))[0] == "success"


def test_a_listed_domain_is_neither_asked_nor_followed_to(server, shard) -> None:
    elsewhere = server.base.replace("127.0.0.1", "localhost")
    urls = [f"{elsewhere}/ok/0.jpg", f"{server.base}/ok/1.jpg"]
    rows = shard.download(urls, opt_out=OptOut.of("domain:localhost"))
    assert statuses(rows) == ["opted_out", "success"]
    assert rows[0]["error_message"] == "on the opt-out list by domain"
    assert server.asked["/ok/0.jpg"] == 0


@pytest.mark.parametrize("mode", ["none", "border"])
def test_a_picture_is_known_by_its_look_when_it_is_listed_later(server, shard, mode) -> None:
    urls = [f"{server.base}/drawing", f"{server.base}/ok/0.jpg"]
    first = shard.download(urls, resize=mode, resize_to_px=32)
    assert first[0]["phash"] == hash_bytes(DRAWING)
    assert first[1]["phash"] is None
    listed = OptOut.of(f"phash:{first[0]['phash']}/2")
    for again in (True, True, False):
        rows = shard.download(urls, again=again, opt_out=listed, resize=mode, resize_to_px=32)
        assert statuses(rows) == ["opted_out", "success"]
        assert rows[0]["error_message"] == "on the opt-out list by phash"
        assert rows[0]["phash"] == first[0]["phash"]
        assert list(shard.pictures()) == [rows[1]["key"]]
    assert server.asked["/drawing"] == 2
    assert statuses(shard.download(urls, again=True)) == ["success", "success"]


def test_a_ledger_without_the_newer_columns_is_understood(server, shard, urls) -> None:
    shard.download(urls)
    shard.table = shard.table.drop_columns(
        ["attempts", "error_class", "final_url", "elapsed_s", "phash"]
    )
    shard.download(urls, again=True)
    assert server.asked["/ok/0.jpg"] == 1


@pytest.mark.parametrize(
    ("mode", "size"), [("keep_ratio", (43, 32)), ("border", (32, 32))], ids=["ratio", "border"]
)
def test_pictures_can_be_stored_smaller(server, shard, mode, size) -> None:
    url = [f"{server.base}/ok/a.jpg"]
    for again in (False, True):
        row = shard.download(url, resize=mode, resize_to_px=32, again=again)[0]
        (stored,) = shard.pictures().values()
        assert Image.open(io.BytesIO(stored)).size == (row["width"], row["height"]) == size
        assert (row["original_width"], row["original_height"]) == (64, 48)
        assert row["num_bytes"] == len(stored)
    assert server.asked["/ok/a.jpg"] == 1


def test_smaller_pictures_are_fetched_again_when_originals_are_wanted(server, shard) -> None:
    url = [f"{server.base}/ok/a.jpg"]
    shard.download(url, resize="border", resize_to_px=32)
    shard.download(url, again=True, changed=True)
    assert list(shard.pictures().values()) == [jpeg_of("/ok/a.jpg")]


def test_originals_are_made_smaller_without_being_fetched_again(server, shard) -> None:
    url = [f"{server.base}/ok/a.jpg"]
    shard.download(url)
    row = shard.download(url, again=True, changed=True, resize="border", resize_to_px=32)[0]
    assert (row["width"], server.asked["/ok/a.jpg"]) == (32, 1)


def test_a_full_disk_is_no_fault_of_a_url(server, shard, monkeypatch) -> None:
    def full(self, record, data=b"") -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("facecaption_assets.shards.downloading.spool.Spool.add", full)
    with pytest.raises(OSError, match="No space left"):
        shard.download([f"{server.base}/ok/{i}.jpg" for i in range(3)])


def test_an_empty_plan_makes_an_empty_shard(shard) -> None:
    assert shard.download([]) == []
    assert shard.pictures() == {}


@pytest.mark.parametrize(
    "change",
    [
        {"resize": "crop"},
        {"max_redirects": 6},
        {"concurrency": 0},
        {"user_agent": "/1"},
        {"user_agent": "a\nb"},
    ],
)
def test_settings_out_of_range_are_refused(change) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        dataclasses.replace(DownloadSettings(), **change)
