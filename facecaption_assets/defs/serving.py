"""Starts ``dagster dev`` and a file server for the reports, both on loopback."""

import os
import signal
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from facecaption_assets.defs.instance import prepare_dagster_home
from facecaption_assets.storage import Storage

_LOOPBACK = "127.0.0.1"


class _QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line per request."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal belongs to Dagster."""


def serve(storage: Storage, port: int, reports_port: int) -> None:
    """Run the UI until it ends; reports are served as long as it runs.

    Raises:
        SystemExit: With the UI's exit status.
    """
    prepare_dagster_home(storage)
    reports = Path(storage.reports.path)
    reports.mkdir(parents=True, exist_ok=True)
    server = ThreadingHTTPServer(
        (_LOOPBACK, reports_port), partial(_QuietHandler, directory=str(reports))
    )
    Thread(target=server.serve_forever, daemon=True).start()
    environment = os.environ | {
        "FACECAPTION_REPORTS_URL": f"http://{_LOOPBACK}:{reports_port}",
        # Each partitioned check would warn that it is a preview, in every process.
        "PYTHONWARNINGS": "ignore:Specifying a partitions_def on an AssetCheckSpec",
    }
    process = subprocess.Popen(_command(port), env=environment)
    # Ctrl-C reaches Dagster as well, which then ends its own processes; until it has, we wait.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        raise SystemExit(process.wait())
    finally:
        server.shutdown()


def _command(port: int) -> list[str]:
    command = [sys.executable, "-m", "dagster", "dev", "-h", _LOOPBACK, "-p", str(port)]
    workspace = Path("workspace.yaml")
    if workspace.exists():
        return [*command, "-w", str(workspace)]
    locations = ("facecaption_assets", "flip_training")
    return command + [part for name in locations for part in ("-m", f"{name}.definitions")]
