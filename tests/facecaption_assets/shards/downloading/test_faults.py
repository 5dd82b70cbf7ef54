import time

import pytest

#: Path → status, error class, code of the last answer.
FAULTS = {
    "/ok/a.jpg": ("success", None, 200),
    "/to_ok": ("success", None, 200),
    "/chain/4": ("success", None, 200),
    "/mislabelled": ("success", None, 200),
    "/busy_once": ("success", None, 200),
    "/other_bot": ("success", None, 200),
    "/404": ("missing", "http_404", 404),
    "/410": ("missing", "http_410", 410),
    "/403": ("denied", "http_403", 403),
    "/500": ("server_error", "http_500", 500),
    "/busy": ("rate_limited", "http_429", 429),
    "/busy_for_hours": ("rate_limited", "http_429", 429),
    "/loop": ("bad_redirect", "redirect_loop", 302),
    "/circle": ("bad_redirect", "redirect_loop", 302),
    "/chain/5": ("bad_redirect", "too_many_redirects", 302),
    "/to_file": ("bad_redirect", "bad_location", 302),
    "/nowhere": ("bad_redirect", "bad_location", 302),
    "/drip": ("timed_out", "deadline_receiving", None),
    "/silent": ("timed_out", "deadline_connecting", None),
    "/endless": ("too_large", "body_too_large", 200),
    "/huge": ("too_large", "body_too_large", 200),
    "/truncated": ("truncated", "short_body", None),
    "/cut_picture": ("truncated", "truncated", 200),
    "/html": ("not_an_image", "not_an_image", 200),
    "/gif": ("unsupported_format", "unsupported_format", 200),
    "/empty": ("empty", "empty", 200),
    "/nothing": ("bad_response", "http_204", 204),
    "/garbage": ("bad_response", "bad_response", None),
    "/gzip_bomb": ("content_encoded", "content_encoding", 200),
    "/png_bomb": ("too_large", "picture_too_large", 200),
    "/noai": ("robots_tag", "noai", 200),
    "/forbidden/a.jpg": ("robots_disallowed", "robots_txt", None),
}


def test_every_fault_ends_in_its_own_status_within_the_deadline(server, shard) -> None:
    started = time.monotonic()
    # Alone on its host: the others must not be held back for hours with it.
    hours = f"http://127.0.0.3:{server.port}/busy_for_hours"
    urls = [hours if p == "/busy_for_hours" else server.base + p for p in FAULTS]
    rows = shard.download(urls)
    ends = [(row["status"], row["error_class"], row["http_status"]) for row in rows]
    assert dict(zip(FAULTS, ends, strict=True)) == FAULTS
    # The deadline is 1 s; a server that said so was waited for another second.
    assert time.monotonic() - started < 6
    assert all(row["elapsed_s"] < 2.5 for row in rows)
    assert all(row["error_message"] for row in rows if row["status"] != "success")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/a.jpg", "http://", "x"])
def test_only_http_urls_are_fetched(shard, url) -> None:
    row = shard.download([url])[0]
    assert (row["status"], row["attempts"]) == ("bad_url", 0)


def test_the_bytes_stored_are_those_that_were_sent(server, shard) -> None:
    from tests.fault_server import jpeg_of

    rows = shard.download([f"{server.base}/ok/{i}.jpg" for i in range(20)])
    pictures = shard.pictures()
    assert [row["key"] for row in rows] == list(pictures)
    assert list(pictures.values()) == [jpeg_of(f"/ok/{i}.jpg") for i in range(20)]


def test_the_final_url_is_the_one_behind_the_redirects(server, fetch) -> None:
    assert fetch("/to_ok")["final_url"] == f"{server.base}/ok/target.jpg"


def test_a_server_is_not_asked_before_the_time_it_gave(server, fetch) -> None:
    row = fetch("/busy_once")
    (first, _), (second, _) = [m for m in server.moments if m[1] == "/busy_once"]
    assert second - first >= 0.99
    assert row["attempts"] == 2


def test_a_host_that_asks_for_a_long_rest_is_left_alone(server, shard) -> None:
    urls = [f"{server.base}/busy_for_hours", f"{server.base}/ok/1.jpg", f"{server.base}/ok/2.jpg"]
    rows = shard.download(urls, host_concurrency=1)
    assert [row["error_class"] for row in rows] == ["http_429", "host_rests", "host_rests"]
    assert [row["attempts"] for row in rows] == [1, 0, 0]
    assert server.asked["/ok/1.jpg"] == 0


def test_robots_txt_is_asked_for_once_and_may_be_ignored(server, shard) -> None:
    urls = [f"{server.base}/forbidden/{i}.jpg" for i in range(5)]
    assert {row["status"] for row in shard.download(urls)} == {"robots_disallowed"}
    assert (server.asked["/robots.txt"], server.asked["/forbidden/0.jpg"]) == (1, 0)
    assert {row["status"] for row in shard.download(urls, respect_robots=False)} == {"success"}
    assert server.asked["/robots.txt"] == 1


def test_a_robots_txt_that_fails_forbids_everything_for_now(server, fetch) -> None:
    server.robots = b"HTTP/1.1 503 Sorry\r\nContent-Length: 0\r\n\r\n"
    row = fetch("/ok/a.jpg")
    assert (row["status"], row["error_class"]) == ("server_error", "robots_unavailable")
    assert server.asked["/ok/a.jpg"] == 0


def test_a_robots_txt_that_is_not_there_allows_everything(server, fetch) -> None:
    server.robots = b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"
    assert fetch("/forbidden/a.jpg")["status"] == "success"


def test_a_host_is_asked_no_more_at_once_than_it_may_be(server, shard) -> None:
    server.delay_s = 0.01
    shard.download([f"{server.base}/ok/{i}.jpg" for i in range(30)], host_concurrency=3)
    assert server.most_in_flight == 3
