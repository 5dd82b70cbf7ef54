"""Starts ``dagster dev`` and a file server for the reports, both on loopback."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from facecaption_assets.defs.instance import prepare_dagster_home
from facecaption_assets.storage import Storage

_LOOPBACK = "127.0.0.1"


class PortUnavailable(RuntimeError):
    """A port cannot be listened on; the message names it, its option and why."""


class _QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line per request."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal belongs to Dagster."""


def check_ports(port: int, reports_port: int) -> None:
    """Make sure that both ports can be listened on, before anything is started.

    Raises:
        PortUnavailable: If one cannot, or both are the same.
    """
    if port == reports_port:
        raise PortUnavailable(f"--port and --reports-port are both {port}; give two ports")
    for option, number in (("--port", port), ("--reports-port", reports_port)):
        with socket.socket() as probe:
            # As the servers do: a port whose last connections are still closing is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_LOOPBACK, number))
            except OSError as error:
                raise PortUnavailable(
                    f"port {number} cannot be used: {error.strerror}; give another with {option}"
                ) from error


def serve(storage: Storage, port: int, reports_port: int) -> int:
    """Run the UI until it ends, and return its exit status.

    The reports of a local data root are served as long as it runs; those of a remote one stay
    where they are.

    Raises:
        PortUnavailable: If one of the ports cannot be listened on.
    """
    check_ports(port, reports_port)
    prepare_dagster_home(storage)
    with _reports(storage, reports_port) as address:
        environment = os.environ | {
            "FACECAPTION_REPORTS_URL": address,
            # Each partitioned check would warn that it is a preview, in every process.
            "PYTHONWARNINGS": "ignore:Specifying a partitions_def on an AssetCheckSpec",
        }
        return _wait(_start(_command(port), environment))


@contextmanager
def _reports(storage: Storage, port: int) -> Iterator[str]:
    """Address of the reports while they are served."""
    if not storage.is_local:
        yield os.environ.get("FACECAPTION_REPORTS_URL") or str(storage.reports)
        return
    folder = Path(storage.reports.path)
    folder.mkdir(parents=True, exist_ok=True)
    server = ThreadingHTTPServer((_LOOPBACK, port), partial(_QuietHandler, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{_LOOPBACK}:{port}"
    finally:
        server.shutdown()
        server.server_close()


def _start(command: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    # Started in a shell's background, we ignore SIGINT, and so would Dagster, which ends on
    # SIGTERM by sending itself that very signal.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        return subprocess.Popen(command, env=environment)
    finally:
        signal.signal(signal.SIGINT, before)


def _wait(process: "subprocess.Popen[bytes]") -> int:
    # Ctrl-C reaches Dagster as well, which then ends its own processes; until it has, we wait.
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: process.terminate()),
    }
    try:
        return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _command(port: int) -> list[str]:
    command = [sys.executable, "-m", "dagster", "dev", "-h", _LOOPBACK, "-p", str(port)]
    workspace = Path("workspace.yaml")
    if workspace.exists():
        return [*command, "-w", str(workspace)]
    locations = ("facecaption_assets", "flip_training")
    return command + [part for name in locations for part in ("-m", f"{name}.definitions")]
