"""The Dagster instance of a data root: where events, runs and schedules are kept.

``DAGSTER_HOME`` where it is set, else ``<home>/dagster``; a ``dagster.yaml`` is put there when
there is none.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import dagster as dg

from facecaption_assets.storage import Storage


def prepare_dagster_home(storage: Storage) -> Path:
    """Make sure that ``DAGSTER_HOME`` is set, exists and is configured; return it."""
    home = Path(os.environ.get("DAGSTER_HOME") or storage.dagster_home).absolute()
    home.mkdir(parents=True, exist_ok=True)
    configuration = home / "dagster.yaml"
    if not configuration.exists():
        configuration.write_text(
            files("facecaption_assets.defs").joinpath("dagster.yaml").read_text(encoding="utf-8"),
            encoding="utf-8",
        )
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    return home


@contextmanager
def open_instance(storage: Storage) -> Iterator[dg.DagsterInstance]:
    """The data root's instance, configured on first use."""
    prepare_dagster_home(storage)
    with dg.DagsterInstance.get() as instance:
        yield instance
