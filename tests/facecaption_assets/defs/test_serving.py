"""Serving on loopback; a short program stands for Dagster."""

import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from facecaption_assets.defs import serving
from facecaption_assets.defs.serving import PortUnavailable, check_ports, serve
from facecaption_assets.storage import Storage

#: Fetches a report and ends with 0 if it is the one that was written.
VISITOR = """
import os, urllib.request
page = urllib.request.urlopen(os.environ["FACECAPTION_REPORTS_URL"] + "/quality.html").read()
raise SystemExit(0 if page == b"a report" else 1)
"""
#: Ends with 0 if the address of the reports is that of the data root.
READER = """
import os
expected = "memory://bucket/data/reports"
raise SystemExit(0 if os.environ["FACECAPTION_REPORTS_URL"] == expected else 1)
"""


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture(autouse=True)
def own_environment(monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FACECAPTION_REPORTS_URL", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")


def dagster_is(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(serving, "_command", lambda port: [sys.executable, "-c", program])


def test_free_ports_are_fine() -> None:
    check_ports(*free_ports())


def test_a_busy_port_is_named_with_the_option_that_gives_another(busy_port) -> None:
    other, _ = free_ports()
    with pytest.raises(PortUnavailable, match=rf"port {busy_port} .*in use.* --port$"):
        check_ports(busy_port, other)
    with pytest.raises(PortUnavailable, match=rf"port {busy_port} .*in use.* --reports-port$"):
        check_ports(other, busy_port)


def test_one_port_cannot_serve_both() -> None:
    with pytest.raises(PortUnavailable, match="are both 3000"):
        check_ports(3000, 3000)


def test_nothing_is_started_or_written_when_a_port_is_busy(storage, busy_port, monkeypatch) -> None:
    dagster_is(monkeypatch, "raise SystemExit(9)")
    with pytest.raises(PortUnavailable):
        serve(storage, free_ports()[0], busy_port)
    assert not Path(storage.home).exists()


def test_reports_are_served_as_long_as_the_ui_runs(storage, monkeypatch) -> None:
    storage.write_text(storage.reports / "quality.html", "a report")
    dagster_is(monkeypatch, VISITOR)
    ports = free_ports()
    assert serve(storage, *ports) == 0
    check_ports(*ports)


def test_reports_of_a_remote_data_root_are_not_served(monkeypatch, tmp_path) -> None:
    dagster_is(monkeypatch, READER)
    assert serve(Storage("memory://bucket/data"), *free_ports()) == 0
    assert not list(tmp_path.rglob("reports"))


def test_the_uis_exit_status_is_returned_and_signals_are_as_before(storage, monkeypatch) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    dagster_is(monkeypatch, "raise SystemExit(5)")
    assert serve(storage, *free_ports()) == 5
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_dagster_can_be_interrupted_though_we_were_started_in_the_background(
    storage, monkeypatch
) -> None:
    ignores = "import signal; raise SystemExit(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
    dagster_is(monkeypatch, ignores)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert serve(storage, *free_ports()) == 0
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_workspace_of_the_checkout_is_used_where_there_is_one(tmp_path) -> None:
    assert serving._command(3000)[-4:] == [
        *("-m", "facecaption_assets.definitions"),
        *("-m", "flip_training.definitions"),
    ]
    (tmp_path / "workspace.yaml").touch()
    assert serving._command(3000)[-2:] == ["-w", "workspace.yaml"]
