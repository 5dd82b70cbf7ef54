import asyncio
import socket
import time
from functools import partial

import pytest
from aiohttp.abc import AbstractResolver

from facecaption_assets.shards.downloading.connections import open_session


class FakeResolver(AbstractResolver):
    """Answers with the next of some addresses at each lookup, after a while."""

    def __init__(self, *addresses: str, delay_s: float = 0.0) -> None:
        self.addresses = list(addresses)
        self.delay_s = delay_s

    async def resolve(self, host, port=0, family=socket.AF_INET):
        await asyncio.sleep(self.delay_s)
        if not self.addresses:
            raise OSError("no such host")
        address = self.addresses.pop(0)
        return [
            {"hostname": host, "host": address, "port": port, "family": family, "proto": 0}
            | {"flags": socket.AI_NUMERICHOST}
        ]

    async def close(self) -> None:
        pass


def connect(resolver: FakeResolver | None = None):
    """In these tests 127.0.0.1 is public, and every other address is not."""
    return partial(open_session, resolver=resolver, is_allowed="127.0.0.1".__eq__)


LOCAL = {"allow_local_network": False}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:7f00:1]"])
def test_loopback_itself_is_refused(server, shard, host) -> None:
    row = shard.download([f"http://{host}:{server.port}/ok/a.jpg"], **LOCAL)[0]
    assert row["status"] == "address_refused"
    assert "allow_local_network" in row["error_message"]
    assert not server.asked


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1"])
def test_other_spellings_of_loopback_are_no_way_around(server, shard, host) -> None:
    row = shard.download([f"http://{host}:{server.port}/ok/a.jpg"], **LOCAL)[0]
    assert row["status"] in ("address_refused", "bad_url", "unreachable")
    assert not server.asked


def test_a_redirect_to_a_private_address_is_refused(server, shard) -> None:
    row = shard.download([f"{server.base}/to_private"], connect=connect(), **LOCAL)[0]
    assert (row["status"], server.asked["/ok/private.jpg"]) == ("address_refused", 0)
    assert row["final_url"].startswith("http://127.0.0.2")
    assert "allow_local_network" in row["error_message"]


def test_the_override_lets_a_redirect_to_a_private_address_pass(server, shard) -> None:
    assert shard.download([f"{server.base}/to_private"])[0]["status"] == "success"


def test_a_name_that_answers_differently_when_asked_again_is_refused(
    server, shard, monkeypatch
) -> None:
    monkeypatch.setattr("facecaption_assets.shards.downloading.connections._DNS_CACHE_S", 0)
    resolver = FakeResolver("127.0.0.1", "127.0.0.2")
    urls = [f"http://rebind.example:{server.port}/truncated"] * 2
    rows = shard.download(urls, connect=connect(resolver), host_concurrency=1, **LOCAL)
    assert [row["status"] for row in rows] == ["truncated", "address_refused"]
    assert server.asked["/truncated"] == 1


@pytest.mark.parametrize("host", ["a..example", "a" * 64 + ".example"])
def test_a_name_that_no_host_can_have_is_unreachable_too(shard, host) -> None:
    row = shard.download([f"http://{host}/a.jpg"])[0]
    assert (row["status"], row["error_class"]) == ("unreachable", "dns_failure")


def test_a_host_that_cannot_be_looked_up_is_unreachable(shard) -> None:
    row = shard.download(["http://none.example/a.jpg"], connect=connect(FakeResolver()))[0]
    assert (row["status"], row["error_class"]) == ("unreachable", "dns_failure")


def test_a_slow_lookup_ends_with_the_deadline(shard) -> None:
    slow = connect(FakeResolver(delay_s=30))
    started = time.monotonic()
    row = shard.download(["http://slow.example/a.jpg"], connect=slow, deadline_s=0.3)[0]
    assert (row["status"], row["error_class"]) == ("timed_out", "deadline_connecting")
    assert time.monotonic() - started < 2


def test_a_closed_port_is_unreachable(shard) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/a.jpg"
        row = shard.download([url])[0]
    assert (row["status"], row["error_class"]) == ("unreachable", "connect_failure")
