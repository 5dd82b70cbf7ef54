"""Starts ``dagster dev`` and a file server for the reports, both on loopback."""

import os
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
    command = [sys.executable, "-m", "dagster", "dev", "-h", _LOOPBACK, "-p", str(port)]
    workspace = Path("workspace.yaml")
    for location in ("facecaption_assets", "flip_training"):
        if not workspace.exists():
            command += ["-m", f"{location}.definitions"]
    if workspace.exists():
        command += ["-w", str(workspace)]
    environment = os.environ | {
        "FACECAPTION_REPORTS_URL": f"http://{_LOOPBACK}:{reports_port}",
    }
    try:
        raise SystemExit(subprocess.run(command, env=environment, check=False).returncode)
    finally:
        server.shutdown()
