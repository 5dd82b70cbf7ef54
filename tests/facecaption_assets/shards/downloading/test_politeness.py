from datetime import UTC, datetime

import pytest

from facecaption_assets.shards.downloading.politeness import HostQueue, retry_after_s

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("Fri, 20 Nov 2026 12:00:30 +99999999999999999999", None),
        ("Fri, 99999999999999999999 Nov 2026 12:00:30 GMT", None),
        ("120", 120.0),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 20 Nov 2026 12:00:30", 30.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header, seconds) -> None:
    assert retry_after_s(header, NOW) == seconds


def test_requests_to_one_host_are_spaced_and_other_hosts_do_not_wait() -> None:
    queue = HostQueue[int](per_host=9, requests_per_s=2)
    for item in (1, 2):
        queue.put("a", item)
    queue.put("b", 3)
    assert queue.take(10.0) == ("a", 1)
    assert queue.take(10.0) == ("b", 3)
    assert queue.take(10.4) is None
    assert queue.next_turn() == 10.5
    assert queue.take(10.5) == ("a", 2)
    assert queue.next_turn() is None


def test_a_host_has_no_more_in_flight_than_it_may() -> None:
    queue = HostQueue[int](per_host=1, requests_per_s=1e9)
    for item in (1, 2):
        queue.put("a", item)
    assert queue.take(1.0) == ("a", 1)
    assert (queue.take(2.0), queue.next_turn()) == (None, None)
    queue.done("a")
    assert queue.take(2.0) == ("a", 2)


def test_a_held_host_gets_no_turn_until_then_although_it_was_in_line() -> None:
    queue = HostQueue[int](per_host=1, requests_per_s=1e9)
    queue.put("a", 1)
    queue.hold("a", 5.0)
    assert (queue.take(4.9), queue.next_turn()) == (None, 5.0)
    assert queue.take(5.0) == ("a", 1)
