import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import trustme

from facecaption_assets.shards.downloading.connections import open_session
from tests.fault_server import FaultServer, response, running

TRUSTED, STRANGER = trustme.CA(), trustme.CA()


def days(number: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=number)


def issued(authority: trustme.CA, name: str = "127.0.0.1", **dates: datetime) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **dates).configure_cert(context)
    return context


def self_signed() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    both = trustme.Blob(STRANGER.private_key_pem.bytes() + STRANGER.cert_pem.bytes())
    with both.tempfile() as path:
        context.load_cert_chain(path)
    return context


@pytest.fixture
def fetch(shard):
    """Downloads a picture from a server that has a certificate; one authority is trusted."""
    trust = ssl.create_default_context()
    TRUSTED.configure_trust(trust)

    def fetch(certificate: ssl.SSLContext):
        with running(FaultServer(tls=certificate)) as server:
            url = f"{server.base}/ok/a.jpg"
            row = shard.download([url], connect=partial(open_session, trust=trust))[0]
            return row, server.asked["/ok/a.jpg"]

    return fetch


def test_a_certificate_of_a_trusted_authority_is_believed(fetch) -> None:
    row, asked = fetch(issued(TRUSTED))
    assert (row["status"], asked) == ("success", 1)


@pytest.mark.parametrize(
    ("certificate", "name"),
    [
        (self_signed, "self_signed"),
        (partial(issued, STRANGER), "untrusted"),
        (partial(issued, TRUSTED, "elsewhere.example"), "wrong_host"),
        (partial(issued, TRUSTED, "127.0.0.2"), "wrong_host"),
        (partial(issued, TRUSTED, not_before=days(-9), not_after=days(-1)), "expired"),
        (partial(issued, TRUSTED, not_before=days(1), not_after=days(9)), "not_yet_valid"),
    ],
)
def test_a_certificate_that_is_not_believed_ends_in_its_own_error_class(
    fetch, certificate: Callable[[], ssl.SSLContext], name: str
) -> None:
    row, asked = fetch(certificate())
    assert (row["status"], row["error_class"], asked) == ("unreachable", f"certificate_{name}", 0)
    assert "no trust in 127.0.0.1: " in row["error_message"]


class PlainServer(FaultServer):
    """Answers a TLS greeting in plain HTTP, as servers do on the wrong port."""

    async def handle(self, reader, writer) -> None:
        await reader.read(1)
        writer.write(response("400 Bad Request"))
        await writer.drain()
        writer.close()


def test_a_server_without_tls_is_no_fault_of_a_certificate(shard) -> None:
    with running(PlainServer()) as server:
        row = shard.download([server.base.replace("http", "https") + "/ok/a.jpg"])[0]
    assert (row["status"], row["error_class"]) == ("unreachable", "tls_failure")
